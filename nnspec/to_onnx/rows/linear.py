"""ONNX rows of the fully connected layers."""

from __future__ import annotations

from nnspec.layers.families.linear import Conv1D, Linear
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.linear import linear
from nnspec.to_onnx.row import Call, row


@row(Linear)
def _(layer: Linear, call: Call, graph: Graph) -> str:
    return linear(call.inputs[0], call.type_of().shape, call.weights["weight"], call.weights.get("bias", ""), graph)


@row(Conv1D)
def _(layer: Conv1D, call: Call, graph: Graph) -> str:
    weight, bias = call.weights["weight"], call.weights["bias"]
    if call.results[0].rank == 2:
        return graph.node("Gemm", [call.inputs[0], weight, bias])
    return graph.node("Add", [graph.node("MatMul", [call.inputs[0], weight]), bias])
