"""ONNX rows of what derivatives leave behind: a graph for inference has none (unsupported.py)."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.derivative import Detach, Tracked
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(Detach, Tracked)
def _(layer: Layer, use: LayerUse, graph: Graph) -> str:
    return use.inputs[0]
