"""ONNX rows of the lookups."""

from __future__ import annotations

from nnspec.layers.families.embedding import Embedding
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


@row(Embedding)
def _(layer: Embedding, call: Call, graph: Graph) -> str:
    return graph.node("Gather", [call.weights["weight"], call.inputs[0]], axis=0)
