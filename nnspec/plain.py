"""Values that plainly are of a type, as a whole number is an `int`: of these it is known without asking pydantic."""

from __future__ import annotations

import types
from typing import Any, Literal, Union

from nnspec.record import Record

UNCLEAR = object()
_EXACT = 2**53  # integers below are floats


class Rule(Record):
    """What a value must be besides of its type; it stands in an `Annotated` type, and tells pydantic, too."""

    def admits(self, value: Any) -> bool:
        """Whether a value of the type may be taken as it is."""
        return False


def plain(value: Any, annotation: Any) -> Any:
    """The value, if it plainly is of a type, an integer as a float where floats belong; else `UNCLEAR`."""
    if _is(value, annotation):
        return value
    if type(value) is int and abs(value) < _EXACT and _is(float(value), annotation):
        return float(value)
    return UNCLEAR


def _is(value: Any, annotation: Any) -> bool:
    """Whether a value is of a type as it is; where it is not, it may still be converted."""
    if annotation is Any:
        return True
    if isinstance(annotation, type):  # that of None, too
        return type(value) is annotation if annotation in (bool, int, float, str) else isinstance(value, annotation)
    origin: Any = getattr(annotation, "__origin__", None)
    arguments: tuple[Any, ...] = getattr(annotation, "__args__", ())
    if isinstance(annotation, types.UnionType) or origin is Union:
        return any(_is(value, each) for each in arguments)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in arguments)
    if origin is tuple and type(value) is tuple:
        if arguments[-1] is ...:
            return all(_is(each, arguments[0]) for each in value)
        return len(value) == len(arguments) and all(map(_is, value, arguments))
    if hasattr(annotation, "__metadata__"):
        return _is(value, origin) and all(
            isinstance(each, Rule) and each.admits(value) for each in annotation.__metadata__
        )
    return False
