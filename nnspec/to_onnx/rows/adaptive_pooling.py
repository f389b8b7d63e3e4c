"""ONNX rows of the pools to a given size.

A cell of an adaptive pool is a box, so that the dimensions can be done one after another: those that become 1 by one
reduction, those whose size is a multiple by one pool, the others cell by cell. Only the last kind works on symbolic
sizes, and on all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from nnspec.dims import Size, ceil_divide
from nnspec.layers.families.adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    GlobalAvgPool1d,
    GlobalAvgPool2d,
    GlobalAvgPool3d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
    GlobalMaxPool3d,
)
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


class Operators(NamedTuple):
    """The operators of one kind of pool."""

    whole: str
    windows: str
    reduction: str


AVERAGE = Operators("GlobalAveragePool", "AveragePool", "ReduceMean")
LARGEST = Operators("GlobalMaxPool", "MaxPool", "ReduceMax")


@row(AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, GlobalAvgPool1d, GlobalAvgPool2d, GlobalAvgPool3d)
def _(layer: AdaptiveAvgPool2d, use: LayerUse, graph: Graph) -> str:
    return _pool(graph, use, layer.target(), AVERAGE)


@row(AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d, GlobalMaxPool1d, GlobalMaxPool2d, GlobalMaxPool3d)
def _(layer: AdaptiveMaxPool2d, use: LayerUse, graph: Graph) -> str:
    return _pool(graph, use, layer.target(), LARGEST)


def _pool(graph: Graph, use: LayerUse, target: tuple[int | None, ...], operators: Operators) -> str:
    value = use.inputs[0]
    given = use.types[0]
    assert given is not None
    if all(size == 1 for size in target):
        return graph.node(operators.whole, [value])
    to_one = [dim for dim, size in enumerate(target, start=2) if size == 1 and given.shape[dim] != 1]
    if to_one:
        value = graph.node(operators.reduction, [value, graph.constant(to_one)])
    kernel = [_window(size, wanted) for size, wanted in zip(given.shape[2:], target, strict=True)]
    if any(size > 1 for size in kernel):
        value = graph.node(operators.windows, [value], kernel_shape=kernel, strides=kernel)
    for dim, wanted in enumerate(target, start=2):
        if wanted not in (None, 1, given.shape[dim]) and kernel[dim - 2] == 1:
            assert wanted is not None
            value = _cells(graph, value, given, dim, wanted, operators.reduction)
    return value


def _window(size: Size, wanted: int | None) -> int:
    """The window that divides a dimension into equal cells; 1 where there is none."""
    return size // wanted if isinstance(size, int) and wanted not in (None, 1) and size % wanted == 0 else 1


def _cells(graph: Graph, value: str, given: TensorType, dim: int, wanted: int, reduction: str) -> str:
    axes, size = graph.constant([dim]), given.shape[dim]
    cells = []
    for index in range(wanted):
        begin, end = graph.size(size * index // wanted), graph.size(ceil_divide(size * (index + 1), wanted))
        cells.append(graph.node(reduction, [graph.node("Slice", [value, begin, end, axes]), axes]))
    return graph.node("Concat", cells, axis=dim)
