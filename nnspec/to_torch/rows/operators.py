"""PyTorch rows of the operators of arithmetic."""

from __future__ import annotations

from nnspec.layers.arithmetic import Combining
from nnspec.layers.families.operators import Divide, FloorDivide, MatMul, Modulo, Power, Subtract
from nnspec.to_torch.operands import operands
from nnspec.to_torch.row import Call, row


@row(Subtract, Divide, FloorDivide, Modulo)
def _(layer: Combining, call: Call) -> str:
    return f" {layer.operator} ".join(operands(layer, call))


@row(Power)
def _(layer: Power, call: Call) -> str:
    base, exponent = operands(layer, call)
    return f"({base}) ** {exponent}" if base.startswith("-") else f"{base} ** {exponent}"  # -2 ** x is -(2 ** x)


@row(MatMul)
def _(layer: MatMul, call: Call) -> str:
    if call.dtype == "wide":  # autocast would round to 16 bits what is not in 64
        return f"({call.inputs[0]}.double() @ {call.inputs[1]}.double()).to(wide)"
    return f"{call.inputs[0]} @ {call.inputs[1]}"
