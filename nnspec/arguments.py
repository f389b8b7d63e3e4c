"""Arguments of the public surface are held to their annotations and ranges: `@typed`.

Annotations are read as they are written, since what they name may take seconds to import. What only looks different, as
a number of NumPy, a generator where a list belongs, or a run where a path does, becomes what is written there.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar, get_args

import nnspec
from nnspec.diagnostics import Diagnostic, SpecError, nearest
from nnspec.ranges import RANGES
from nnspec.record import Record

Declared = TypeVar("Declared", bound=Callable[..., object])
UNFIT = object()
LONGEST = 60  # characters of a value in a message


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


class Kind(Record):
    """A kind of values: one of them in words, several in words, and such a value made of what is given, or `UNFIT`."""

    one: str
    many: str
    made: Callable[[object], object]
    words: tuple[str, ...] = ()  # of a few: which there are


def _leaf(one: str, fits: Callable[[Any], bool], many: str = "") -> Kind:
    return Kind(one, many or one, lambda value: value if fits(value) else UNFIT)


def _of_class(name: str, one: str) -> Kind:
    """Objects of a class of this name, which need not be imported to see that."""
    return _leaf(one, lambda value: _is(value, name))


def _is(value: object, *names: str) -> bool:
    return any(base.__name__ in names for base in type(value).__mro__)


def _plain(value: Any) -> Any:
    """A number of Python for a number or an array without dimensions of NumPy or PyTorch."""
    return value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value


def _bool(value: object) -> object:
    return plain if isinstance(plain := _plain(value), bool) else UNFIT


def _int(value: object) -> object:
    plain = _plain(value)
    return int(plain) if not isinstance(plain, bool) and isinstance(plain, Integral) else UNFIT


def _float(value: object) -> object:
    plain = _plain(value)
    return plain if not isinstance(plain, bool) and isinstance(plain, Real) else UNFIT


def _path(value: object) -> object:
    if not isinstance(value, os.PathLike):
        return UNFIT
    path = os.fspath(value)
    return UNFIT if isinstance(path, bytes) else value if isinstance(value, Path) else Path(path)


def _weights(value: object, *others: str) -> object:
    """What may be weights, and is refused where they are read if it is none; of a path those of a file."""
    path = _path(value)
    return (UNFIT if _is(value, *others) else value) if path is UNFIT else path


def _device(value: object) -> object:
    return str(value) if _is(value, "str", "device") else UNFIT


_ANYTHING = Kind("anything", "", lambda value: value)
_ARRAY = _leaf("an array", lambda value: hasattr(value, "__array__"), "arrays")
_KINDS = {
    "None": _leaf("None", lambda value: value is None),
    "Any": _ANYTHING,
    "object": _ANYTHING,
    "str": _leaf("a string", lambda value: isinstance(value, str), "strings"),
    "bytes": _leaf("bytes", lambda value: isinstance(value, bytes), "bytes"),
    "bool": Kind("True or False", "booleans", _bool),
    "int": Kind("a whole number", "whole numbers", _int),
    "float": Kind("a number", "numbers", _float),
    "PathLike": Kind("a Path", "Paths", _path),
    "HasOptions": _leaf("a configuration of transformers", lambda value: hasattr(value, "to_dict")),
    "Module": _of_class("Module", "a module of PyTorch"),
    "Tensor": _ARRAY,
    "NDArray": _ARRAY,
    "Device": Kind(
        "a device, such as 'cuda'", "devices", lambda value: str(value) if _is(value, "str", "device") else UNFIT
    ),
    # What is neither is refused where it is read, as it is for commands.
    "Callback": Kind("a Callback", "Callbacks", lambda value: value),
    "DataSource": _ANYTHING,
    "WeightSource": Kind("a path or a state_dict", "", lambda value: _weights(value, "NoneType")),
    "GivenSource": Kind("a path or a state_dict", "", lambda value: _weights(value, "NoneType", "WeightChoice")),
}
# Where the other names are that stand for a type: words of which an argument is one, or several types.
_NAMED = {
    "Config": "nnspec.huggingface.content",
    "Part": "nnspec.train.manner",
    "Precision": "nnspec.to_onnx.choices",
    "Target": "nnspec.to_onnx.choices",
}


# What lists are called, and what can be gone through, too, and is none.
_NO_LISTS: dict[str, tuple[type, ...]] = {
    "Sequence": (str, bytes, Mapping),
    "tuple": (str, bytes, Mapping),
    "Collection": (str, bytes),
    "Iterable": (str, bytes),
}


def typed(declared: Declared) -> Declared:
    """A function, or a class with its public functions, that takes arguments of the annotated types only.

    Of a record the arguments are its fields. A name that no argument has is Python's own TypeError.
    """
    if isinstance(declared, FunctionType):
        held: Declared = _held(declared)
        return held
    cls: Any = declared
    if issubclass(cls, Record):
        cls.__init__ = _checked(cls.__init__, cls.__name__, ("self", *cls.record_fields), (), cls.__annotations__)
        return declared
    for name, member in list(vars(cls).items()):
        if isinstance(member, FunctionType) and (name == "__init__" or not name.startswith("_")):
            setattr(cls, name, _held(member))
        elif isinstance(member, classmethod):
            setattr(cls, name, classmethod(_held(member.__func__)))
    return declared


def _held(function: Any) -> Any:
    plain = function
    while hasattr(plain, "__wrapped__"):
        plain = plain.__wrapped__
    code, called = plain.__code__, plain.__qualname__.removesuffix(".__init__")
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    count = code.co_argcount
    return _checked(function, called, names[:count], names[count:], plain.__annotations__)


def _checked(
    function: Any, called: str, places: tuple[str, ...], others: tuple[str, ...], annotations: Mapping[str, str]
) -> Any:
    """A function whose arguments are checked before it is called: those that may go by place, and the others."""
    held = {name: annotations[name] for name in (*places, *others) if name in annotations}

    @wraps(function)
    def checked(*given: object, **named: object) -> object:
        placed = [
            _fitted(called, name, value, held[name]) if name in held else value
            for name, value in zip(places, given, strict=False)
        ]
        for name, value in named.items():
            if name in held:
                named[name] = _fitted(called, name, value, held[name])
        return function(*placed, *given[len(placed) :], **named)

    return checked


def _fitted(called: str, name: str, value: object, annotation: str) -> object:
    """The value of an argument as its annotation has it.

    Raises:
        SpecError: it is none of that type, or out of its range.
    """
    kind, limits = _kind(annotation), RANGES.get(name)
    made = kind.made(value)
    numeric = isinstance(made, (int, float)) and not isinstance(made, bool)
    if made is not UNFIT and (limits is None or not numeric or made in limits):  # type: ignore[operator]
        return made
    wanted = f"{kind.one}, {limits}" if limits is not None else kind.one
    reason = f"{called}: {name} must be {wanted}, and is {_shown(value)}"
    raise SpecError.of(WrongArgument(None, reason, _advice(called, name, value, kind)))


def _advice(called: str, name: str, value: object, kind: Kind) -> str:
    """The way out of a wrong argument."""
    if isinstance(value, str) and kind.words and (close := nearest(value, kind.words)):
        return f"did you mean {close!r}?"
    number = _number(value) if isinstance(value, str) else None
    if number is not None and kind.made(number) is not UNFIT:
        return f"write it without quotes: {name} = {value}"
    if isinstance(kind.made([value]), tuple):
        return f"write it in brackets: {name} = [{_shown(value)}]"
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
    if len(text) <= LONGEST and "\n" not in text and not text.startswith("<"):
        return text
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"of type {type(value).__name__}"


@cache
def _kind(annotation: str) -> Kind:
    """The kind of values that an annotation speaks of."""
    return _read(ast.parse(annotation, mode="eval").body)


def _read(node: ast.expr) -> Kind:
    match node:
        case ast.BinOp(left=left, right=right):
            return _either(_read(left), _read(right))
        case ast.Constant(value=None):
            return _KINDS["None"]
        case ast.Constant(value=str(text)):
            return _kind(text)
        case ast.Subscript(value=ast.Name(id=name), slice=inside) if name in _NO_LISTS:
            return _list(_read(inside.elts[0] if isinstance(inside, ast.Tuple) else inside), _NO_LISTS[name])
        case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[key, value])):
            return _dict(_read(key), _read(value))
        case ast.Subscript(value=of):
            return _read(of)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return _KINDS[name] if name in _KINDS else _named(name)
    raise TypeError(f"an argument is annotated with {ast.unparse(node)}")


def _named(name: str) -> Kind:
    if name not in _NAMED:
        return _of_class(name, f"a {name}")
    meant = getattr(import_module(_NAMED[name]), name)
    if isinstance(meant, str):
        return _kind(meant)
    words: tuple[str, ...] = get_args(meant)
    said = " or ".join(map(repr, words))
    return Kind(said, said, lambda value: value if isinstance(value, str) and value in words else UNFIT, words)


def _either(first: Kind, second: Kind) -> Kind:
    """Values of one of two kinds; that None is one goes without saying."""

    def made(value: object) -> object:
        found = first.made(value)
        return second.made(value) if found is UNFIT else found

    said = [each for each in (first, second) if each is not _KINDS["None"]]
    if said == [_KINDS["str"], _KINDS["PathLike"]]:
        return Kind("a path", "paths", made)
    one, many = (" or ".join(words) for words in zip(*((each.one, each.many) for each in said), strict=True))
    return Kind(one, many, made, first.words + second.words)


def _list(item: Kind, others: tuple[type, ...]) -> Kind:
    def made(value: object) -> object:
        if not isinstance(value, Iterable) or isinstance(value, others) or getattr(value, "ndim", 1) == 0:
            return UNFIT
        items = tuple(map(item.made, value))
        return UNFIT if any(each is UNFIT for each in items) else items

    return Kind(_of("a list", item), _of("lists", item), made)


def _dict(key: Kind, item: Kind) -> Kind:
    def made(value: object) -> object:
        if not isinstance(value, Mapping):
            return UNFIT
        items = {key.made(name): item.made(each) for name, each in value.items()}
        return UNFIT if UNFIT in items or any(each is UNFIT for each in items.values()) else items

    return Kind(_of("a dict", item, " by name"), _of("dicts", item, " by name"), made)


def _of(container: str, item: Kind, by: str = "") -> str:
    return f"{container} of {item.many}{by}" if item.many else container
