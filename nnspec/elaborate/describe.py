"""Values as messages show them, and as plain data."""

from __future__ import annotations

from nnspec.dims import Expression
from nnspec.elaborate.builder.tensor import Several, Tensor, WeightReference
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.values import Function, Partial


def describe(value: object) -> str:
    """A value as messages show it."""
    match value:
        case None | True | False:
            return {None: "none", True: "true", False: "false"}[value]
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case tuple() if not isinstance(value, Several):
            return f"[{', '.join(map(describe, value))}]"
        case Tensor():
            return f"a tensor {value.type}"
        case Several():
            return " and ".join(map(describe, value))
        case Partial():
            return value.name
        case Function():
            return f"the function {value.name}"
        case WeightReference():
            return f"the weight {value.path}"
        case _:
            return str(value)


def kind(value: object) -> str:
    """The sort of thing that a value is, with its article."""
    match value:
        case bool():
            return "a truth value"
        case int():
            return "an integer"
        case float():
            return "a number with a fraction"
        case Expression():
            return "a symbolic size"
        case str():
            return "a string"
        case None:
            return "none"
        case Several():
            return f"{len(value)} values"
        case tuple():
            return "a list"
        case Tensor():
            return "a tensor"
        case Partial():
            return "a block" if isinstance(value.callee, BlockDefinition) else "a layer"
        case Function():
            return "a function"
        case _:
            return "a weight"


def plain(value: object) -> object:
    """A compile-time value as JSON data, for display."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return describe(value)
