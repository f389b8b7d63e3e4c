"""ONNX rows of the operators of arithmetic."""

from __future__ import annotations

from nnspec.layers.arithmetic import Combining
from nnspec.layers.families.operators import Divide, FloorDivide, MatMul, Modulo, Power, Subtract
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import operands
from nnspec.to_onnx.row import LayerUse, row

OPERATORS: dict[type[Combining], str] = {Subtract: "Sub", Divide: "Div", Modulo: "Mod", Power: "Pow"}


@row(Subtract, Divide, Modulo, Power)
def _(layer: Combining, use: LayerUse, graph: Graph) -> str:
    return graph.node(OPERATORS[type(layer)], operands(layer, use, graph, use.results[0].dtype))


@row(FloorDivide)
def _(layer: FloorDivide, use: LayerUse, graph: Graph) -> str:
    left, right = operands(layer, use, graph, "int")
    # Div truncates towards zero; less the remainder, which has the divisor's sign, the quotient is exact
    whole = graph.node("Sub", [left, graph.node("Mod", [left, right])])
    return graph.node("Div", [whole, right])


@row(MatMul)
def _(layer: MatMul, use: LayerUse, graph: Graph) -> str:
    return graph.node("MatMul", use.inputs)
