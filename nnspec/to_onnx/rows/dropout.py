"""ONNX rows of the layers that drop values in training: in inference there is nothing of them."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.channel_dropout import Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout, StochasticDepth
from nnspec.layers.families.dropout import AlphaDropout, Dropout
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, FeatureAlphaDropout, StochasticDepth)
def _(layer: Layer, use: LayerUse, graph: Graph) -> str:
    return use.inputs[0]
