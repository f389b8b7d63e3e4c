"""ONNX rows of the layers that pick elements by indices, place by place, or put them there."""

from __future__ import annotations

from nnspec.layers.families.gathering import Gather, Scatter
from nnspec.layers.tensor_type import LayerError, axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row

REDUCTIONS = {None: "none", "sum": "add", "prod": "mul", "amax": "max", "amin": "min"}
EXTREMES_OPSET = 18  # brought the reductions by max and min


@row(Gather)
def _(layer: Gather, use: LayerUse, graph: Graph) -> str:
    return graph.node("GatherElements", list(use.inputs), axis=axis(layer.dim, use.type_of().rank))


@row(Scatter)
def _(layer: Scatter, use: LayerUse, graph: Graph) -> str:
    if layer.reduce in ("amax", "amin") and use.opset < EXTREMES_OPSET:
        message = f'reduce = "{layer.reduce}" came with opset {EXTREMES_OPSET}, and this is {use.opset}'
        raise LayerError(message, help=f"export with --opset {EXTREMES_OPSET}, or leave --opset out")
    name, indices, source = use.inputs
    if use.type_of(2).rank < use.type_of(1).rank:
        source = graph.node("Expand", [source, graph.shape(use.type_of(1).shape)])
    place = axis(layer.dim, use.type_of().rank)
    return graph.node("ScatterElements", [name, indices, source], axis=place, reduction=REDUCTIONS[layer.reduce])
