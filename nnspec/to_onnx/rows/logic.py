"""ONNX rows of comparisons and logic."""

from __future__ import annotations

from nnspec.layers.arithmetic import Combining, promote, scalar_dtype
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
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import operands
from nnspec.to_onnx.row import LayerUse, row

OPERATORS: dict[type[Combining], str] = {
    Equal: "Equal",
    NotEqual: "Equal",
    Less: "Less",
    LessEqual: "LessOrEqual",
    Greater: "Greater",
    GreaterEqual: "GreaterOrEqual",
}


@row(Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual)
def _(layer: Combining, use: LayerUse, graph: Graph) -> str:
    dtypes = [given.dtype for given in use.types if given is not None]
    if layer.scalar is not None:
        dtypes.append(scalar_dtype(layer.scalar))
    compared = graph.node(OPERATORS[type(layer)], operands(layer, use, graph, promote(*dtypes)))
    return graph.node("Not", [compared]) if isinstance(layer, NotEqual) else compared


@row(And, Or, Not)
def _(layer: And | Or | Not, use: LayerUse, graph: Graph) -> str:
    return graph.node(layer.kind, use.inputs)
