"""Arguments of the public surface are held to their annotations and ranges: `@typed`.

A wrong one is told by name. What only looks different, as a number of NumPy or a run where a path belongs, becomes what
is written there, see `annotations.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

import nnspec
from nnspec.annotations import UNFIT, Kind, in_recipe, kind_of
from nnspec.diagnostics import Diagnostic, SpecError, nearest
from nnspec.ranges import RANGES, Range
from nnspec.record import Record

Declared = TypeVar("Declared", bound=Callable[..., object])
LONGEST = 60  # characters of a value in a message
RECIPE = "Unpack[RecipeArguments]"  # the annotation of values of a recipe
KEYWORDS = 0x08  # of a code object: it takes any other names


class WrongArgument(Diagnostic):
    """A function of the library is called with an argument of another type, or out of its range, or without one.

    `help(nnspec.load)` tells what each argument of `nnspec.load` is. Numbers are given without quotes; several things,
    even if it is one, in brackets; arrays of a model by the names of its inputs.
    """

    code = "E0599"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason


def typed(declared: Declared) -> Declared:
    """A function, or a class with its public functions, that takes arguments of the annotated types only.

    Of a record the arguments are its fields. A name that no argument has is Python's own TypeError.
    """
    if isinstance(declared, FunctionType):
        held: Declared = _held(declared)
        return held
    cls: Any = declared
    if issubclass(cls, Record):
        cls.__signature__ = _signature(cls)
        cls.__init__ = _checked(cls.__init__, cls.__name__, ("self", *cls.record_fields), (), cls.__annotations__)
        return declared
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and (name == "__init__" or not name.startswith("_")):
            setattr(cls, name, _held(member))
        elif isinstance(member, classmethod):
            setattr(cls, name, classmethod(_held(member.__func__)))
    return declared


def _signature(cls: type[Record]) -> inspect.Signature:
    """The signature of a record, whose arguments are its fields."""
    kind, nothing = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    return inspect.Signature([
        inspect.Parameter(name, kind, default=getattr(cls, name, nothing), annotation=cls.__annotations__[name])
        for name in cls.record_fields
    ])  # fmt: skip


def _held(function: Any) -> Any:
    plain = function
    while hasattr(plain, "__wrapped__"):
        plain = plain.__wrapped__
    code, called = plain.__code__, plain.__qualname__.removesuffix(".__init__")
    count, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    others = code.co_varnames[count:last]
    further = plain.__annotations__.get(code.co_varnames[last]) == RECIPE if code.co_flags & KEYWORDS else False
    return _checked(function, called, code.co_varnames[:count], others, plain.__annotations__, further)


def _checked(
    function: Any,
    called: str,
    places: tuple[str, ...],
    others: tuple[str, ...],
    annotations: Mapping[str, str],
    recipe: bool = False,
) -> Any:
    """A function whose arguments are checked before it is called.

    Args:
        function: what is called.
        called: its name, for messages.
        places: the names of arguments that may go by place.
        others: those that go by name.
        annotations: of arguments, by name.
        recipe: whether it takes values of a recipe, too.
    """
    held = {name: annotations[name] for name in (*places, *others) if name in annotations}

    @wraps(function)
    def checked(*given: object, **named: object) -> object:
        placed = [
            _fitted(called, name, value, kind_of(held[name]), RANGES.get(name)) if name in held else value
            for name, value in zip(places, given, strict=False)
        ]
        for name, value in named.items():
            if name in held:
                named[name] = _fitted(called, name, value, kind_of(held[name]), RANGES.get(name))
            elif recipe:
                named[name] = _fitted(called, name, value, in_recipe(name))
        return function(*placed, *given[len(placed) :], **named)

    return checked


def _fitted(called: str, name: str, value: object, kind: Kind, limits: Range | None = None) -> object:
    """The value of an argument as its annotation has it.

    Raises:
        SpecError: it is none of that type, or out of its range.
    """
    made = kind.made(value)
    if made is not UNFIT and (limits is None or all(each in limits for each in _numbers(made))):
        return made
    wanted = kind.one
    if limits is not None:
        wanted += f", {limits.words(made is not UNFIT and any(each > limits.most for each in _numbers(made)))}"
    reason = f"{called}: {name} must be {wanted}, and is {_shown(value)}"
    raise SpecError.of(WrongArgument(None, reason, _advice(called, name, value, kind)))


def _numbers(value: object) -> Iterator[float]:
    """The number that is given, or those of a list or dict."""
    if isinstance(value, (int, float)):
        yield value
    elif isinstance(value, (tuple, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _numbers(each)


def _advice(called: str, name: str, value: object, kind: Kind) -> str:
    """The way out of a wrong argument."""
    if isinstance(value, str) and kind.words and (close := nearest(value, kind.words)):
        return f"did you mean {close!r}?"
    if hasattr(value, "state_dict") and "state_dict" in kind.one:
        return f"give its state_dict(): {name} = {name}.state_dict()"
    number = _number(value) if isinstance(value, str) else None
    if number is not None and kind.made(number) is not UNFIT:
        return f"write it without quotes: {name} = {value}"
    if value is not None and isinstance(kind.made([value]), tuple):
        return f"write it in brackets, even if it is one: {name} = [...]"
    public = called.partition(".")[0] in nnspec.__all__
    return f"`help({'nnspec.' if public else ''}{called})` says what it takes"


def _number(text: str) -> float | None:
    try:
        return float(text) if "." in text or "e" in text else int(text)
    except ValueError:
        return None


def _shown(value: object) -> str:
    """A value in a message, or its class where its text is long."""
    text = repr(value)
    if isinstance(value, str) and len(text) > LONGEST:
        return f"{text[:LONGEST]}..."
    if len(text) <= LONGEST and "\n" not in text and not text.startswith("<"):
        return text
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"of type {type(value).__name__}"
