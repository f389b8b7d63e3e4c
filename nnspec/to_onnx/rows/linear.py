"""ONNX rows of the fully connected layers."""

from __future__ import annotations

from nnspec.layers.families.linear import Conv1D, Linear
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.linear import linear
from nnspec.to_onnx.row import LayerUse, row


@row(Linear)
def _(layer: Linear, use: LayerUse, graph: Graph) -> str:
    return linear(use.inputs[0], use.type_of().shape, use.weights["weight"], use.weights.get("bias", ""), graph)


@row(Conv1D)
def _(layer: Conv1D, use: LayerUse, graph: Graph) -> str:
    weight, bias = use.weights["weight"], use.weights["bias"]
    if use.results[0].rank == 2:
        return graph.node("Gemm", [use.inputs[0], weight, bias])
    return graph.node("Add", [graph.node("MatMul", [use.inputs[0], weight]), bias])
