"""PyTorch rows of the layers that combine several tensors."""

from __future__ import annotations

from functools import reduce

from nnspec.dims import Expression
from nnspec.layers.arithmetic import Combining, Scalar
from nnspec.layers.families.combine import Add, Concat, Maximum, Minimum, Multiply, Stack, Where
from nnspec.to_torch.operands import operands, scalar_text, tuple_text, within
from nnspec.to_torch.row import Call, row


@row(Concat)
def _(layer: Concat, call: Call) -> str:
    return f"torch.cat({tuple_text(map(str, call.inputs))}, dim={layer.dim})"


@row(Stack)
def _(layer: Stack, call: Call) -> str:
    return f"torch.stack({tuple_text(map(str, call.inputs))}{f', dim={layer.dim}' if layer.dim else ''})"


@row(Add, Multiply)
def _(layer: Combining, call: Call) -> str:
    return f" {layer.operator} ".join(operands(layer, call))


@row(Maximum, Minimum)
def _(layer: Combining, call: Call) -> str:
    if layer.scalar is not None:
        bound = "min" if isinstance(layer, Maximum) else "max"
        return f"{call.inputs[0]}.clamp({bound}={_number(layer.scalar, 0, call)})"
    return reduce(lambda left, right: f"torch.{layer.function}({left}, {right})", map(str, call.inputs))


@row(Where)
def _(layer: Where, call: Call) -> str:
    given = [text for text, type in zip(call.inputs[1:], call.types[1:], strict=True) if type is not None]
    given += [] if layer.value is None else [_number(layer.value, 1, call)]
    first, second = reversed(given) if layer.value_first else given
    return f"torch.where({call.inputs[0]}, {first}, {second})"


def _number(value: Scalar, beside: int, call: Call) -> str:
    """A number that takes the place of elements of an input."""
    if isinstance(value, Expression) or call.type_of(beside).dtype != "float":
        return scalar_text(value, call)
    return within(value, "wide" if call.dtype == "wide" else f"{call.inputs[beside]}.dtype")
