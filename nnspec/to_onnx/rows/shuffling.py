"""ONNX rows of the shuffles.

DepthToSpace has torch's order of channels as its mode CRD; SpaceToDepth has no such mode.
"""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.families.shuffling import ChannelShuffle, PixelShuffle, PixelUnshuffle
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


def _permuted(graph: Graph, use: LayerUse, split: tuple[Size, ...], order: list[int]) -> str:
    """The input with its dimensions split, put in another order, and joined to those of the result."""
    given = use.types[0]
    assert given is not None
    value = graph.node("Transpose", [graph.reshape(use.inputs[0], given.shape, split)], perm=order)
    return graph.reshape(value, tuple(split[index] for index in order), use.results[0].shape)


@row(PixelShuffle)
def _(layer: PixelShuffle, use: LayerUse, graph: Graph) -> str:
    return graph.node("DepthToSpace", [use.inputs[0]], blocksize=layer.upscale_factor, mode="CRD")


@row(PixelUnshuffle)
def _(layer: PixelUnshuffle, use: LayerUse, graph: Graph) -> str:
    given, factor = use.types[0], layer.downscale_factor
    assert given is not None
    height, width = use.results[0].shape[2:]
    split = (*given.shape[:2], height, factor, width, factor)
    return _permuted(graph, use, split, [0, 1, 3, 5, 2, 4])


@row(ChannelShuffle)
def _(layer: ChannelShuffle, use: LayerUse, graph: Graph) -> str:
    shape = use.results[0].shape
    split = (shape[0], layer.groups, shape[1] // layer.groups, *shape[2:])
    return _permuted(graph, use, split, [0, 2, 1, *range(3, len(split))])
