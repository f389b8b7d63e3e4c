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
from nnspec.to_torch.row import Call, row


@row(Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual)
def _(layer: Combining, call: Call) -> str:
    return f" {layer.operator} ".join(operands(layer, call))


@row(And)
def _(layer: And, call: Call) -> str:
    return f"{call.inputs[0]} & {call.inputs[1]}"


@row(Or)
def _(layer: Or, call: Call) -> str:
    return f"{call.inputs[0]} | {call.inputs[1]}"


@row(Not)
def _(layer: Not, call: Call) -> str:
    return f"~{call.inputs[0]}"
