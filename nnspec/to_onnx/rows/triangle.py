"""ONNX rows of triangles."""

from __future__ import annotations

from nnspec.layers.families.triangle import Tril, Triu
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(Tril, Triu)
def _(layer: Tril | Triu, use: LayerUse, graph: Graph) -> str:
    upper = int(isinstance(layer, Triu))
    return graph.node("Trilu", [use.inputs[0], graph.constant(layer.diagonal)], upper=upper)
