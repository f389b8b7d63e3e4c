"""ONNX rows of derivatives: a graph for inference has none."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.derivative import Detach, Gradient, Jacobian, Tracked
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import UNSUPPORTED, Call, row


@row(Detach, Tracked)
def _(layer: Layer, call: Call, graph: Graph) -> str:
    return call.inputs[0]


for _layer in (Gradient, Jacobian):
    UNSUPPORTED[_layer] = "ONNX has no operator for derivatives; they belong into the loss of a `train` block"
