"""ONNX row of the relative position index: the buffer as it is stored."""

from __future__ import annotations

from nnspec.layers.families.relative_position import RelativePositionIndex
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(RelativePositionIndex)
def _(layer: RelativePositionIndex, use: LayerUse, graph: Graph) -> str:
    return use.weights[""]
