"""ONNX rows of the lookups."""

from __future__ import annotations

from nnspec.layers.families.embedding import Embedding, OneHot
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import CODES
from nnspec.to_onnx.row import LayerUse, row


@row(Embedding)
def _(layer: Embedding, use: LayerUse, graph: Graph) -> str:
    return graph.node("Gather", [use.weights["weight"], use.inputs[0]], axis=0)


@row(OneHot)
def _(layer: OneHot, use: LayerUse, graph: Graph) -> str:
    placed = graph.node("Unsqueeze", [use.inputs[0], graph.constant([-1])])
    places = graph.constant(list(range(layer.num_classes)))
    return graph.node("Cast", [graph.node("Equal", [placed, places])], to=CODES["int"])
