"""Frozen records: what the compiler makes (syntax nodes, mistakes, values) is immutable.

A `Record` behaves as `@dataclass(frozen=True)` does. It exists because the standard decorator compiles
several methods for each class: 0.3 ms apiece, a third of the whole start-up for the hundred classes here.
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen value whose fields are its annotations, in order; class attributes are their defaults."""

    record_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = [name for name, kind in cls.__dict__.get("__annotations__", {}).items() if "ClassVar" not in str(kind)]
        inherited = cls.record_fields
        cls.record_fields = inherited + tuple(name for name in own if name not in inherited)

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self.record_fields
        if len(values) > len(fields):
            raise TypeError(f"{type(self).__name__} takes {len(fields)} fields, {len(values)} were given")
        state = self.__dict__
        state.update(zip(fields, values, strict=False))
        state.update(named)
        if len(state) != len(fields):
            self._check(state)

    def _check(self, state: dict[str, Any]) -> None:
        unknown = set(state) - set(self.record_fields)
        missing = [name for name in self.record_fields if name not in state and not hasattr(type(self), name)]
        if unknown or missing:
            raise TypeError(f"{type(self).__name__}: unknown fields {sorted(unknown)}, missing fields {missing}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.record_fields)
        return f"{type(self).__name__}({shown})"

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.record_fields)
