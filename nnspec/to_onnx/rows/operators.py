"""ONNX rows of the operators of arithmetic."""

from __future__ import annotations

from nnspec.layers.arithmetic import Combining
from nnspec.layers.families.operators import Divide, FloorDivide, MatMul, Modulo, Power, Subtract
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import operands
from nnspec.to_onnx.row import Call, row

OPERATORS: dict[type[Combining], str] = {Subtract: "Sub", Divide: "Div", Modulo: "Mod", Power: "Pow"}


@row(Subtract, Divide, Modulo, Power)
def _(layer: Combining, call: Call, graph: Graph) -> str:
    return graph.node(OPERATORS[type(layer)], operands(layer, call, graph, call.results[0].dtype))


@row(FloorDivide)
def _(layer: FloorDivide, call: Call, graph: Graph) -> str:
    left, right = operands(layer, call, graph, "int")
    # Div truncates towards zero; less the remainder, which has the divisor's sign, the quotient is exact
    whole = graph.node("Sub", [left, graph.node("Mod", [left, right])])
    return graph.node("Div", [whole, right])


@row(MatMul)
def _(layer: MatMul, call: Call, graph: Graph) -> str:
    return graph.node("MatMul", call.inputs)
