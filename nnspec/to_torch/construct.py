"""Constructor calls as data: `nn.Conv2d(64, 128, 3, stride=2)`, with numbers that may differ between modules.

Modules that agree in everything but numbers become one class, whose `__init__` takes the numbers that differ. So a
constructor call has a `shape` (itself without its numbers), and several of one shape `merge` into a call in which
a number that differs has become an expression over the parameters of the class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.layers.base import Layer
from nnspec.record import Record
from nnspec.to_torch.number import Template, is_written
from nnspec.to_torch.row import Raw


class ModuleOf(Record):
    """The class that a module of the program becomes; `given` are the numbers that it may be told, by name."""

    key: str
    given: dict[str, Any] = {}  # noqa: RUF012 - records are frozen


class Construct(Record):
    """A call of a constructor; arguments are plain values, `Raw` text or further constructors."""

    name: str | ModuleOf
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}  # noqa: RUF012 - records are frozen
    layer: Layer | None = None  # whose fields the keywords are named after: a missing one has the field's value


class Times(Record):
    """`count` modules built alike, each for itself, inside a sequence of modules."""

    item: Construct
    count: int


def is_number(value: Any) -> bool:
    """A number, or a tuple of numbers: what may differ between modules of one class."""
    if isinstance(value, tuple):
        return bool(value) and all(map(is_number, value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shape(value: Any, module_shape: Callable[[str], Any]) -> Any:
    """The value without its numbers: equal for constructor calls that can share a class."""
    if isinstance(value, Construct):
        name = module_shape(value.name.key) if isinstance(value.name, ModuleOf) else value.name
        fields = type(value.layer).model_fields if value.layer is not None else {}
        fixed = [(k, shape(v, module_shape)) for k, v in value.keywords.items() if not (k in fields and is_number(v))]
        return (name, tuple(shape(argument, module_shape) for argument in value.arguments), tuple(sorted(fixed)))
    if isinstance(value, Times):
        return ("times", shape(value.item, module_shape))
    if is_number(value):
        return "number"
    return ("text", value.pieces) if isinstance(value, Template) else repr(value)


Naming = Callable[[tuple[Any, ...], str], Any]


def merge(values: list[Any], name: Naming, hint: str = "size") -> Any:
    """One value for several of one shape; `name` says how numbers that differ are written."""
    first = values[0]
    if isinstance(first, Construct):
        names = list(dict.fromkeys(key for value in values for key in value.keywords))
        if first.layer is not None:
            order = list(type(first.layer).model_fields)
            names.sort(key=lambda key: order.index(key) if key in order else len(order))
        return Construct(
            first.name,
            tuple(merge(list(column), name) for column in zip(*(value.arguments for value in values), strict=True)),
            {key: merge([_keyword(value, key) for value in values], name, key) for key in names},
        )
    if isinstance(first, Times):
        count = merge([value.count for value in values], name, "count")
        return Times(merge([value.item for value in values], name), count)
    if isinstance(first, Template):
        columns = zip(*(value.numbers for value in values), strict=True)
        return Raw(first.filled([repr(name(column, hint)) for column in columns]))
    if isinstance(first, tuple) and is_number(first) and any(map(is_written, values)):
        return tuple(merge(list(column), name, hint) for column in zip(*values, strict=True))
    return name(tuple(values), hint) if is_number(first) else first


def _keyword(value: Construct, key: str) -> Any:
    return value.keywords[key] if key in value.keywords else getattr(value.layer, key)


def render(value: Any, indent: int, width: int = 110) -> str:
    """The source of a value, broken over lines where it would be wider than `width`."""
    if isinstance(value, Times):
        return f"*({render(value.item, indent, width)} for _ in range({value.count!r}))"
    if isinstance(value, str) and value.isidentifier():
        return f'"{value}"'
    if not isinstance(value, Construct):
        return repr(value)
    if value.name == "[]" and len(value.arguments) == 1 and isinstance(value.arguments[0], Times):
        (times,) = value.arguments
        return f"[{render(times.item, indent, width)} for _ in range({times.count!r})]"
    parts = [render(argument, indent + 4, width) for argument in value.arguments]
    parts += [f"{key}={render(item, indent + 4, width)}" for key, item in value.keywords.items()]
    opening, closing = ("[", "]") if value.name == "[]" else (f"{value.name}(", ")")
    line = f"{opening}{', '.join(parts)}{closing}"
    if "\n" not in line and indent + len(line) <= width:
        return line
    pad = " " * (indent + 4)
    return f"{opening}\n" + "".join(f"{pad}{part},\n" for part in parts) + " " * indent + closing
