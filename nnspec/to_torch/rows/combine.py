"""PyTorch rows of the layers that combine several tensors."""

from __future__ import annotations

from functools import reduce

from nnspec.dims import Expression
from nnspec.layers.arithmetic import Combining, Scalar
from nnspec.layers.families.combine import Add, Concat, Maximum, Minimum, Multiply, Stack, Where
from nnspec.to_torch.operands import operands, scalar_text, tuple_text, within
from nnspec.to_torch.row import LayerUse, row


@row(Concat)
def _(layer: Concat, use: LayerUse) -> str:
    return f"torch.cat({tuple_text(map(str, use.inputs))}, dim={layer.dim})"


@row(Stack)
def _(layer: Stack, use: LayerUse) -> str:
    return f"torch.stack({tuple_text(map(str, use.inputs))}{f', dim={layer.dim}' if layer.dim else ''})"


@row(Add, Multiply)
def _(layer: Combining, use: LayerUse) -> str:
    return f" {layer.operator} ".join(operands(layer, use))


@row(Maximum, Minimum)
def _(layer: Combining, use: LayerUse) -> str:
    if layer.scalar is not None:
        bound = "min" if isinstance(layer, Maximum) else "max"
        return f"{use.inputs[0]}.clamp({bound}={_number(layer.scalar, 0, use)})"
    return reduce(lambda left, right: f"torch.{layer.function}({left}, {right})", map(str, use.inputs))


@row(Where)
def _(layer: Where, use: LayerUse) -> str:
    given = [text for text, type in zip(use.inputs[1:], use.types[1:], strict=True) if type is not None]
    given += [] if layer.value is None else [_number(layer.value, 1, use)]
    first, second = reversed(given) if layer.value_first else given
    return f"torch.where({use.inputs[0]}, {first}, {second})"


def _number(value: Scalar, beside: int, use: LayerUse) -> str:
    """A number that takes the place of elements of an input."""
    if isinstance(value, Expression) or use.type_of(beside).dtype != "float":
        return scalar_text(value, use)
    return within(value, "wide" if use.dtype == "wide" else f"{use.inputs[beside]}.dtype")
