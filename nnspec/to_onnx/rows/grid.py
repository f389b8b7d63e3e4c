"""ONNX rows of grids and what is sampled at them."""

from __future__ import annotations

import numpy as np

from nnspec.dims import Size, product
from nnspec.layers.families.grid import AffineGrid, GridSample
from nnspec.layers.tensor_type import LayerError
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, counted, scalar
from nnspec.to_onnx.row import LayerUse, row

MODES = {"bilinear": "linear", "nearest": "nearest", "bicubic": "cubic"}
VOLUMES_OPSET = 20  # brought GridSample of volumes


@row(GridSample)
def _(layer: GridSample, use: LayerUse, graph: Graph) -> str:
    if use.type_of().rank == 5 and use.opset < VOLUMES_OPSET:
        message = f"volumes are sampled from opset {VOLUMES_OPSET} on, and this is {use.opset}"
        raise LayerError(message, help=f"export with --opset {VOLUMES_OPSET}, or leave --opset out")
    return graph.node(
        "GridSample",
        list(use.inputs),
        mode=MODES[layer.mode],
        padding_mode=layer.padding_mode,
        align_corners=int(layer.align_corners),
    )


@row(AffineGrid)
def _(layer: AffineGrid, use: LayerUse, graph: Graph) -> str:
    """The product of all places, [x, y, 1], and the map; onnxruntime's own AffineGrid is of opset 20."""
    sizes = layer.sizes(use.type_of())
    count: tuple[Size, ...] = (product(sizes), len(sizes) + 1)
    parts = []
    for dim in reversed(range(len(sizes))):
        along = (*(size if place == dim else 1 for place, size in enumerate(sizes)), 1)
        placed = graph.reshape(_places(sizes[dim], layer.align_corners, graph), (sizes[dim],), along)
        parts.append(graph.node("Expand", [placed, graph.shape((*sizes, 1))]))
    parts.append(graph.node("Expand", [graph.constant(1.0), graph.shape((*sizes, 1))]))
    places = graph.reshape(graph.node("Concat", parts, axis=-1), (*sizes, count[1]), count)
    turned = graph.node("Transpose", [use.inputs[0]], perm=[0, 2, 1])
    result = use.results[0].shape
    flat = (result[0], count[0], len(sizes))
    return graph.reshape(graph.node("MatMul", [places, turned]), flat, result)


def _places(size: Size, align_corners: bool, graph: Graph) -> str:
    """The centres of the elements along a dimension, from -1 to 1: (2 i - (size - 1)) / size, or / (size - 1)."""
    if isinstance(size, int):
        centred = 2 * np.arange(size) - (size - 1)
        return graph.constant(centred / (max(size - 1, 1) if align_corners else size), np.float32)
    twice = cast(counted(1 - size, size, graph, step=2), "int", "float", graph)
    whole = scalar(size - 1 if align_corners else size, "float", graph)
    if align_corners:
        whole = graph.node("Max", [whole, graph.constant(1.0)])
    return graph.node("Div", [twice, whole])
