"""PyTorch rows of comparisons and logic."""

from __future__ import annotations

from nnspec.layers.arithmetic import Combining
from nnspec.layers.families.logic import (
    And,
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    Not,
    NotEqual,
    Or,
)
from nnspec.to_torch.operands import operands
from nnspec.to_torch.row import LayerUse, row


@row(Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual)
def _(layer: Combining, use: LayerUse) -> str:
    return f" {layer.operator} ".join(operands(layer, use))


@row(And)
def _(layer: And, use: LayerUse) -> str:
    return f"{use.inputs[0]} & {use.inputs[1]}"


@row(Or)
def _(layer: Or, use: LayerUse) -> str:
    return f"{use.inputs[0]} | {use.inputs[1]}"


@row(Not)
def _(layer: Not, use: LayerUse) -> str:
    return f"~{use.inputs[0]}"
