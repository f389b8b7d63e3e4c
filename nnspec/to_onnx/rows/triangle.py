"""ONNX rows of triangles."""

from __future__ import annotations

from nnspec.layers.families.triangle import Tril, Triu
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


@row(Tril, Triu)
def _(layer: Tril | Triu, call: Call, graph: Graph) -> str:
    upper = int(isinstance(layer, Triu))
    return graph.node("Trilu", [call.inputs[0], graph.constant(layer.diagonal)], upper=upper)
