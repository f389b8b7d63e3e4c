"""Signatures of layers and blocks, and what pydantic finds in arguments, in the words of the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from nnspec.checked import Checked
from nnspec.dims import Expression
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.describe import describe

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

Fillable: TypeAlias = "type[Checked | BaseModel]"  # a layer, or a choice of a recipe


def signature(cls: Fillable) -> str:
    """`Conv2d(out_channels, kernel_size, stride = 1, ...)`."""
    parts = []
    for name in argument_names(cls):
        field = cls.model_fields[name]
        parts.append(name if field.is_required() else f"{name} = {describe(field.default)}")
    return f"{cls.__name__}({', '.join(parts)})"


def argument_names(cls: Fillable) -> tuple[str, ...]:
    """The names of the arguments, those that go by position first."""
    in_order = getattr(cls, "in_order", None)
    return tuple(dict.fromkeys((*getattr(cls, "by_position", ()), *(in_order() if in_order else cls.model_fields))))


def block_signature(definition: BlockDefinition) -> str:
    """`Bottleneck(width, stride = 1)`, as it is written."""
    source = definition.source.text
    shown = ", ".join(source[p.start : p.end] for p in definition.declaration.parameters)
    return f"{definition.name}({shown})"


def problem(detail: ErrorDetails, value: object, cls: Fillable, name: str) -> str:
    """The fault that pydantic finds in a value, in the words of the language."""
    kind_of = detail["type"]
    context = detail.get("ctx", {})
    if isinstance(value, Expression):
        return f"must be a number, and {value} is symbolic"
    match kind_of:
        case "greater_than":
            needed = f"must be greater than {context['gt']}"
        case "greater_than_equal":
            needed = f"must be at least {context['ge']}"
        case "less_than" | "less_than_equal":
            needed = f"must be at most {context.get('le', context.get('lt'))}"
        case "literal_error":
            needed = f"must be {context['expected'].replace(chr(39), chr(34))}"
        case "value_error":
            return str(context.get("error", detail["msg"]))
        case "int_type" | "int_from_float":
            needed = "must be an integer"
        case "bool_type":
            needed = "must be true or false"
        case "float_type":
            needed = "must be a number"
        case "string_type":
            needed = "must be a string"
        case "tuple_type":
            needed = "must be a list"
        case _:
            needed = f"must be {describe_annotation(cls.model_fields[name].annotation)}" if name in cls.model_fields \
                else str(detail["msg"])  # fmt: skip
    return f"{needed}, and is {describe(value)}"


def describe_annotation(annotation: object) -> str:
    """A field's type in words: `int | tuple[int, int]` is "an integer or a list"."""
    words: dict[str, None] = {}
    pending = [annotation]
    while pending:
        item = pending.pop(0)
        origin, arguments = getattr(item, "__origin__", None), getattr(item, "__args__", ())
        if item is type(None):
            words["none"] = None
        elif item in (int, float, bool, str):
            words[{int: "an integer", float: "a number", bool: "true or false", str: "a string"}[item]] = None
        elif origin is tuple:
            words["a list"] = None
        elif str(item).startswith("typing.Literal"):
            words.update(dict.fromkeys(describe(argument) for argument in arguments))
        elif item is Expression:
            words["a size"] = None
        else:
            pending = [*arguments, *pending] if arguments else pending
    shown = list(words)
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
