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
    record_required: ClassVar[frozenset[str]] = frozenset()  # those without a default

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Since 3.14 annotations are computed when they are asked for, and no longer stand in the class's dictionary. A
        # class without its own has an empty mapping here, never that of its base.
        own = [name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind)]
        inherited = [name for base in reversed(cls.__bases__) for name in getattr(base, "record_fields", ())]
        cls.record_fields = tuple(dict.fromkeys((*inherited, *own)))
        cls.record_required = frozenset(name for name in cls.record_fields if not hasattr(cls, name))

    def __init__(self, *values: Any, **named: Any) -> None:
        state = self.__dict__
        state.update(zip(self.record_fields, values, strict=False))
        if named:
            state.update(named)
            if not named.keys() <= set(self.record_fields):
                self._check(values, named)
        # None is left over, none given twice, none missing.
        if len(state) != len(values) + len(named) or not self.record_required <= state.keys():
            self._check(values, named)

    def _check(self, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        fields, kind = self.record_fields, type(self)
        if len(values) > len(fields):
            raise TypeError(f"{kind.__name__} takes {len(fields)} fields, {len(values)} were given")
        unknown = [name for name in named if name not in fields]
        double = [name for name in fields[: len(values)] if name in named]
        missing = [name for name in fields if name in self.record_required and name not in self.__dict__]
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
