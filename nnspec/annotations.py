"""The kinds of values that annotations of arguments name, and what becomes of those that only look different.

Annotations are read as they are written, since what they name may take seconds to import. A number of NumPy is one of
Python, a generator a list where a list belongs, and a run its folder where a path does.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args

from nnspec.record import Record

UNFIT = object()
LONGEST = 255  # bytes of a name in a path


class Kind(Record):
    """A kind of values: one of them in words, several in words, and such a value made of what is given, or `UNFIT`.

    `words`: of a few texts, which there are.
    """

    one: str
    many: str
    made: Callable[[object], object]
    words: tuple[str, ...] = ()


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


def _weights(value: object) -> object:
    """What may be weights; what a mapping holds is looked at where they are read."""
    return value if isinstance(value, Mapping) else kind_of("str | PathLike[str]").made(value)


def _device(value: object) -> object:
    return str(value) if _is(value, "str", "device") else UNFIT


_ANYTHING = Kind("anything", "", lambda value: value)
_ARRAY = _leaf("an array", lambda value: hasattr(value, "__array__"), "arrays")
_PATH = Kind("a Path", "Paths", _path)
_KINDS = {
    "None": _leaf("None", lambda value: value is None),
    "Any": _ANYTHING,
    "object": _ANYTHING,
    "str": _leaf("a string", lambda value: isinstance(value, str), "strings"),
    "bytes": _leaf("bytes", lambda value: isinstance(value, bytes), "bytes"),
    "bool": Kind("True or False", "booleans", _bool),
    "int": Kind("a whole number", "whole numbers", _int),
    "float": Kind("a number", "numbers", _float),
    "Path": _PATH,
    "PathLike": _PATH,
    "type": _leaf("a class", lambda value: isinstance(value, type)),
    "HasOptions": _leaf("a configuration of transformers", lambda value: hasattr(value, "to_dict")),
    "Module": _of_class("Module", "a module of PyTorch"),
    "Tensor": _ARRAY,
    "NDArray": _ARRAY,
    "Device": Kind("a device, such as 'cuda'", "devices", _device),
    # What is neither is refused where it is read, as it is for commands.
    "Callback": Kind("a Callback", "Callbacks", lambda value: value),
    "DataSource": _ANYTHING,
    "GivenSource": Kind("a path or a state_dict", "", _weights),
}
# Where the other names are that stand for a type: words of which an argument is one, or several types.
_NAMED = {
    "Config": "nnspec.huggingface.content",
    "Part": "nnspec.train.manner",
    "Precision": "nnspec.to_onnx.choices",
    "Target": "nnspec.to_onnx.choices",
    "WeightSource": "nnspec.weights.source",
}
# What lists are called, and what can be gone through, too, and is none.
_NO_LISTS: dict[str, tuple[type, ...]] = {
    "Sequence": (str, bytes, Mapping),
    "tuple": (str, bytes, Mapping),
    "Collection": (str, bytes),
    "Iterable": (str, bytes),
}


@cache
def kind_of(annotation: str) -> Kind:
    """The kind of values that an annotation speaks of."""
    return _read(ast.parse(annotation, mode="eval").body)


@cache
def in_recipe(key: str) -> Kind:
    """The kind of values of a key of a recipe: plain ones are held to its rules there, as those that a spec writes."""
    keys: Mapping[str, Any] = import_module("nnspec.recipe.arguments").RecipeArguments.__annotations__
    kind = kind_of(getattr(keys[key], "__forward_arg__", str(keys[key]))) if key in keys else _ANYTHING

    def made(value: object) -> object:
        plain = _literal(value)
        return kind.made(value) if plain is UNFIT else plain

    return kind.replace(made=made)


def _literal(value: object) -> object:
    """A value that a spec may write, or `UNFIT`."""
    plain = _plain(value)
    if isinstance(plain, (list, tuple)):
        items = tuple(map(_literal, plain))
        return UNFIT if any(each is UNFIT for each in items) else items
    number = _float(plain)
    return number if number is not UNFIT else plain if plain is None or isinstance(plain, (bool, str)) else UNFIT


def _read(node: ast.expr) -> Kind:
    match node:
        case ast.BinOp(left=left, right=right):
            return _either(_read(left), _read(right))
        case ast.Constant(value=None):
            return _KINDS["None"]
        case ast.Constant(value=str(text)):
            return kind_of(text)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inside):
            return _texts(ast.literal_eval(inside))
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[*items, ast.Name() as last])):
            return _row([_read(each) for each in (*items, last)])
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
        return kind_of(meant)
    return _texts(get_args(meant))


def _texts(words: str | tuple[str, ...]) -> Kind:
    """One of a few texts."""
    known = (words,) if isinstance(words, str) else words
    said = " or ".join(map(repr, known))
    return Kind(said, said, lambda value: value if isinstance(value, str) and value in known else UNFIT, known)


def _either(first: Kind, second: Kind) -> Kind:
    """Values of one of two kinds; that None is one goes without saying."""

    def made(value: object) -> object:
        found = first.made(value)
        return second.made(value) if found is UNFIT else found

    said = [each for each in (first, second) if each is not _KINDS["None"]]
    if said == [_KINDS["str"], _PATH]:
        return Kind("a path", "paths", lambda value: UNFIT if _is_no_path(value) else made(value))
    one, many = (
        " or ".join(dict.fromkeys(" or ".join(words).split(" or ")))
        for words in zip(*((each.one, each.many) for each in said), strict=True)
    )
    return Kind(one, many, made, first.words + second.words)


def _is_no_path(value: object) -> bool:
    """Whether a text or path can be that of no file: it is empty, or has what no system takes."""
    text = str(value) if isinstance(value, (str, Path)) else "."
    return not text or "\0" in text or any(len(part.encode(errors="replace")) > LONGEST for part in text.split("/"))


def _list(item: Kind, others: tuple[type, ...]) -> Kind:
    def made(value: object) -> object:
        if not isinstance(value, Iterable) or isinstance(value, others) or getattr(value, "ndim", 1) != 1:
            return UNFIT
        items = tuple(map(item.made, value))
        return UNFIT if any(each is UNFIT for each in items) else items

    return Kind(_of("a list", item), _of("lists", item), made)


def _dict(key: Kind, item: Kind) -> Kind:
    def made(value: object) -> object:
        if not isinstance(value, Mapping):
            return UNFIT
        if item is _ANYTHING:  # what is read when it is asked for stays so
            return UNFIT if any(key.made(name) is UNFIT for name in value) else value
        items = {key.made(name): item.made(each) for name, each in value.items()}
        return UNFIT if UNFIT in items or any(each is UNFIT for each in items.values()) else items

    return Kind(_of("a dict", item, " by name"), _of("dicts", item, " by name"), made)


def _row(items: list[Kind]) -> Kind:
    def made(value: object) -> object:
        if not isinstance(value, (list, tuple)) or len(value) != len(items):
            return UNFIT
        found = tuple(item.made(each) for item, each in zip(items, value, strict=True))
        return UNFIT if any(each is UNFIT for each in found) else found

    said = f"({', '.join(each.one for each in items)})"
    return Kind(said, f"pairs {said}", made)


def _of(container: str, item: Kind, by: str = "") -> str:
    return f"{container} of {item.many}{by}" if item.many else container
