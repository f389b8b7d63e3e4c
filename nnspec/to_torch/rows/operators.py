"""PyTorch rows of the operators of arithmetic."""

from __future__ import annotations

from nnspec.layers.arithmetic import Combining
from nnspec.layers.families.operators import Divide, FloorDivide, MatMul, Modulo, Power, Subtract
from nnspec.to_torch.operands import operands
from nnspec.to_torch.row import LayerUse, row


@row(Subtract, Divide, FloorDivide, Modulo)
def _(layer: Combining, use: LayerUse) -> str:
    return f" {layer.operator} ".join(operands(layer, use))


@row(Power)
def _(layer: Power, use: LayerUse) -> str:
    base, exponent = operands(layer, use)
    return f"({base}) ** {exponent}" if base.startswith("-") else f"{base} ** {exponent}"  # -2 ** x is -(2 ** x)


@row(MatMul)
def _(layer: MatMul, use: LayerUse) -> str:
    if use.dtype == "wide":  # autocast would round to 16 bits what is not in 64
        return f"({use.inputs[0]}.double() @ {use.inputs[1]}.double()).to(wide)"
    return f"{use.inputs[0]} @ {use.inputs[1]}"
