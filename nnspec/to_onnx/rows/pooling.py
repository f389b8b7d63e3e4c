"""ONNX rows of the pools.

`ceil_mode` is written as the padding at the end that it amounts to. An average that divides by another number than
that of the elements inside is a pool that counts its padding, rescaled; one that counts the padding but not the
overhang of ceil_mode has its padding put in before.
"""

from __future__ import annotations

from math import prod

from nnspec.layers.families.average_pooling import AvgPool1d, AvgPool2d, AvgPool3d
from nnspec.layers.families.max_pooling import MaxPool1d, MaxPool2d, MaxPool3d
from nnspec.layers.families.power_pooling import LPPool1d, LPPool2d, LPPool3d
from nnspec.layers.tensor_type import TensorType
from nnspec.layers.window import Pairs, Window
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.padding import onnx_pads, pad
from nnspec.to_onnx.row import LayerUse, row


def _input(use: LayerUse) -> TensorType:
    given = use.types[0]
    assert given is not None
    return given


def _pairs(windows: tuple[Window, ...]) -> Pairs:
    return tuple((window.begin, window.end) for window in windows)


def _apart(value: str, graph: Graph) -> str:
    """The input of a pool, apart from a Pad that it comes from.

    onnxruntime makes the zeros of a Pad a part of the pool's own padding, which never is the largest, does not count,
    and may be too much for its window. Max of one value, which changes nothing, stands between them.
    """
    padded = any(node.op == "Pad" and value in node.outputs for node in graph.nodes)
    return graph.node("Max", [value]) if padded else value


@row(MaxPool1d, MaxPool2d, MaxPool3d)
def _(layer: MaxPool2d, use: LayerUse, graph: Graph) -> str:
    windows, value = layer.extended(_input(use)), use.inputs[0]
    pairs = _pairs(windows)
    if any(max(window.begin, window.end) >= window.kernel for window in windows):  # onnxruntime refuses these
        value = pad(graph, value, _input(use).rank, pairs, fill=graph.constant(float("-inf")))
        pairs = ((0, 0),) * layer.dims
    else:
        value = _apart(value, graph)
    return graph.node(
        "MaxPool",
        [value],
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=onnx_pads(pairs),
    )


def _average(graph: Graph, value: str, windows: tuple[Window, ...], pairs: Pairs, count_padding: bool) -> str:
    return graph.node(
        "AveragePool",
        [value],
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        pads=onnx_pads(pairs),
        count_include_pad=int(count_padding),
    )


def _scaled(graph: Graph, value: str, factor: float) -> str:
    return value if factor == 1 else graph.node("Mul", [value, graph.constant(float(factor))])


@row(AvgPool1d, AvgPool2d, AvgPool3d)
def _(layer: AvgPool2d, use: LayerUse, graph: Graph) -> str:
    windows, value = layer.windows(_input(use)), _apart(use.inputs[0], graph)
    pairs, extended = _pairs(windows), _pairs(layer.extended(_input(use)))
    if layer.divisor:
        sums = _average(graph, value, windows, extended, True)
        return _scaled(graph, sums, prod(window.kernel for window in windows) / layer.divisor)
    if not layer.count_include_pad or extended == pairs:
        return _average(graph, value, windows, extended, layer.count_include_pad)
    padded = pad(graph, value, _input(use).rank, pairs)
    overhangs = tuple((0, more - end) for (_, end), (_, more) in zip(pairs, extended, strict=True))
    return _average(graph, padded, windows, overhangs, False)


@row(LPPool1d, LPPool2d, LPPool3d)
def _(layer: LPPool2d, use: LayerUse, graph: Graph) -> str:
    windows = layer.windows(_input(use))
    powers = graph.node("Pow", [use.inputs[0], graph.constant(float(layer.norm_type))])
    means = _average(graph, powers, windows, _pairs(layer.extended(_input(use))), False)
    sums = _scaled(graph, means, prod(window.kernel for window in windows))
    return graph.node("Pow", [sums, graph.constant(1 / layer.norm_type)])
