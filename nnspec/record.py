"""Frozen records: what the compiler makes (syntax nodes, mistakes, values) is immutable.

A `Record` behaves as `@dataclass(frozen=True)` does. It exists because the standard decorator compiles
several methods for each class: 0.3 ms apiece, a third of the whole start-up for the hundred classes here.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen value whose fields are its annotations, in order; class attributes are their defaults."""

    record_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Since 3.14 annotations are computed when they are asked for, and no longer stand in the class's dictionary. A
        # class without its own has an empty mapping here, never that of its base.
        own = [name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind)]
        inherited = cls.record_fields
        cls.record_fields = inherited + tuple(name for name in own if name not in inherited)

    def __init__(self, *values: Any, **named: Any) -> None:
        fields = self.record_fields
        state = self.__dict__
        state.update(zip(fields, values, strict=False))
        state.update(named)
        # As many as there are fields, none twice, none beyond: then they are the fields. All else is looked at closely.
        if len(values) + len(named) != len(fields) or len(state) != len(fields) or not state.keys() <= set(fields):
            self._check(values, named)

    def _check(self, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        fields, kind = self.record_fields, type(self)
        if len(values) > len(fields):
            raise TypeError(f"{kind.__name__} takes {len(fields)} fields, {len(values)} were given")
        unknown = [name for name in named if name not in fields]
        double = [name for name in fields[: len(values)] if name in named]
        missing = [name for name in fields if name not in self.__dict__ and not hasattr(kind, name)]
        for what, names in (("unknown", unknown), ("double", double), ("missing", missing)):
            if names:
                raise TypeError(f"{kind.__name__}: {what} fields {names}")

    def replace(self, **changes: Any) -> Self:
        """The same record with other values in some fields.

        Raises:
            TypeError: it has no such field.
        """
        return type(self)(**{**{name: getattr(self, name) for name in self.record_fields}, **changes})

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
