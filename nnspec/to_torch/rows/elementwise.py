"""PyTorch rows of the functions of each element."""

from __future__ import annotations

from nnspec.layers.arithmetic import Elementwise
from nnspec.layers.families.elementwise import (
    Abs,
    Cast,
    Ceil,
    Clamp,
    Erf,
    Exp,
    Floor,
    Log,
    Log1p,
    Log2,
    Log10,
    Neg,
    Reciprocal,
    Round,
    Rsqrt,
    Sign,
    Sqrt,
    Square,
)
from nnspec.layers.families.trigonometry import Acos, Asin, Atan, Cos, Cosh, Sin, Sinh, Tan
from nnspec.to_torch.operands import within, written
from nnspec.to_torch.row import LayerUse, Raw, changed, row


@row(Exp, Log, Log2, Log10, Log1p, Sqrt, Rsqrt, Square, Reciprocal, Abs, Sign, Floor, Ceil, Round, Erf)
@row(Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh)
def _(layer: Elementwise, use: LayerUse) -> str:
    return f"torch.{layer.function}({use.inputs[0]})"


@row(Neg)
def _(layer: Neg, use: LayerUse) -> str:
    return f"-{use.inputs[0]}"


@row(Clamp)
def _(layer: Clamp, use: LayerUse) -> str:
    bounds = changed(layer, "min", "max")
    if use.type_of().dtype == "float":
        bounds = {name: Raw(within(value, f"{use.inputs[0]}.dtype")) for name, value in bounds.items()}
    return f"{use.inputs[0]}.clamp({written(**bounds)})"


@row(Cast)
def _(layer: Cast, use: LayerUse) -> str:
    if layer.dtype == "float":
        known = use.type_of().dtype == "float"
        return str(use.inputs[0]) if known else f"{use.inputs[0]}.to({use.dtype})"
    return f"{use.inputs[0]}.{'long' if layer.dtype == 'int' else 'bool'}()"
