"""ONNX rows of the normalisation layers.

onnxruntime's processor kernels are BatchNormalization, InstanceNormalization, LayerNormalization and LRN (images and
odd sizes only); it would take GroupNormalization apart into thirty operators, so that one is written with the
InstanceNormalization of reshaped groups.
"""

from __future__ import annotations

import numpy as np

from nnspec.dims import product
from nnspec.layers.families.normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    GroupNorm,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    LayerNorm,
    LayerNorm2d,
    LocalResponseNorm,
    RMSNorm,
)
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


def _scale_and_bias(use: LayerUse, graph: Graph, shape: tuple[int, ...]) -> tuple[str, str]:
    """The names of the weight and the bias, ones and zeros where the layer has none."""
    scale = use.weights.get("weight") or graph.constant(np.ones(shape, np.float32))
    return scale, use.weights.get("bias") or graph.constant(np.zeros(shape, np.float32))


def _affine(use: LayerUse, graph: Graph, name: str) -> str:
    """Multiply by the weight and add the bias of each channel (dimension 1), those that there are."""
    for operator, weight in (("Mul", "weight"), ("Add", "bias")):
        if weight in use.weights:
            name = graph.node(operator, [name, _over_places(graph, use.weights[weight], use.results[0].rank)])
    return name


def _over_places(graph: Graph, weight: str, rank: int) -> str:
    shape = (graph.initializers[weight].shape[0],) + (1,) * (rank - 2)  # [C, 1, 1]
    return graph.stand_for(graph.derived(weight, ".channels", shape, lambda array: array.reshape(shape)), weight)


def _with_running_statistics(use: LayerUse, graph: Graph, channels: int, eps: float) -> str:
    scale, bias = _scale_and_bias(use, graph, (channels,))
    statistics = [use.weights["running_mean"], use.weights["running_var"]]
    return graph.node("BatchNormalization", [use.inputs[0], scale, bias, *statistics], epsilon=eps)


@row(BatchNorm1d, BatchNorm2d, BatchNorm3d)
def _(layer: BatchNorm2d, use: LayerUse, graph: Graph) -> str:
    if layer.track_running_stats:
        return _with_running_statistics(use, graph, layer.channels(use.results[0]), layer.eps)
    axes = graph.constant([dim for dim in range(use.results[0].rank) if dim != 1])
    centred = graph.node("Sub", [use.inputs[0], graph.node("ReduceMean", [use.inputs[0], axes])])
    variance = graph.node("ReduceMean", [graph.node("Mul", [centred, centred]), axes])
    deviation = graph.node("Sqrt", [graph.node("Add", [variance, graph.constant(layer.eps)])])
    return _affine(use, graph, graph.node("Div", [centred, deviation]))


@row(InstanceNorm1d, InstanceNorm2d, InstanceNorm3d)
def _(layer: InstanceNorm2d, use: LayerUse, graph: Graph) -> str:
    channels = layer.channels(use.results[0])
    if layer.track_running_stats:
        return _with_running_statistics(use, graph, channels, layer.eps)
    scale, bias = _scale_and_bias(use, graph, (channels,))
    return graph.node("InstanceNormalization", [use.inputs[0], scale, bias], epsilon=layer.eps)


@row(GroupNorm)
def _(layer: GroupNorm, use: LayerUse, graph: Graph) -> str:
    shape, groups = use.results[0].shape, layer.num_groups
    grouped = (shape[0], groups, product((layer.channels(use.results[0]) // groups, *shape[2:])))
    value = graph.reshape(use.inputs[0], shape, grouped)
    ones, zeros = graph.constant(np.ones(groups, np.float32)), graph.constant(np.zeros(groups, np.float32))
    value = graph.node("InstanceNormalization", [value, ones, zeros], epsilon=layer.eps)
    return _affine(use, graph, graph.reshape(value, grouped, shape))


@row(LayerNorm)
def _(layer: LayerNorm, use: LayerUse, graph: Graph) -> str:
    scale, _ = _scale_and_bias(use, graph, layer.normalized_shape(use.results[0], layer.dims))
    inputs = [use.inputs[0], scale, use.weights.get("bias", "")]
    return graph.node("LayerNormalization", inputs, axis=-layer.dims, epsilon=layer.eps)


@row(LayerNorm2d)
def _(layer: LayerNorm2d, use: LayerUse, graph: Graph) -> str:
    scale, _ = _scale_and_bias(use, graph, (layer.channels(use.results[0]),))
    last = graph.node("Transpose", [use.inputs[0]], perm=[0, 2, 3, 1])
    inputs = [last, scale, use.weights.get("bias", "")]
    normal = graph.node("LayerNormalization", inputs, axis=-1, epsilon=layer.eps)
    return graph.node("Transpose", [normal], perm=[0, 3, 1, 2])


@row(RMSNorm)
def _(layer: RMSNorm, use: LayerUse, graph: Graph) -> str:
    x = use.inputs[0]
    eps = float(np.finfo(np.float32).eps) if layer.eps is None else layer.eps
    if use.opset >= 23:
        ones = np.ones(layer.normalized_shape(use.results[0], layer.dims), np.float32)
        scale = use.weights.get("weight") or graph.constant(ones)
        return graph.node("RMSNormalization", [x, scale], axis=-layer.dims, epsilon=eps)
    # These operators, in this order, are what onnxruntime fuses into its own kernel.
    squares = graph.node("Pow", [x, graph.constant(2.0)])
    mean = graph.node("ReduceMean", [squares, graph.constant(list(range(-layer.dims, 0)))])
    root = graph.node("Sqrt", [graph.node("Add", [mean, graph.constant(eps)])])
    normal = graph.node("Div", [x, root])
    return graph.node("Mul", [normal, use.weights["weight"]]) if layer.elementwise_affine else normal


@row(LocalResponseNorm)
def _(layer: LocalResponseNorm, use: LayerUse, graph: Graph) -> str:
    given, size = use.results[0].shape, layer.size
    numbers = {"alpha": layer.alpha, "beta": layer.beta, "bias": layer.k}
    operator = size % 2 and np.float32(layer.alpha) > 0 and np.float32(layer.beta) > 0  # what onnxruntime's LRN takes
    if operator and len(given) == 4:
        return graph.node("LRN", [use.inputs[0]], size=size, **numbers)
    flat = (given[0], given[1], product(given[2:]), 1)
    if operator:
        value = graph.reshape(use.inputs[0], given, flat)
        return graph.reshape(graph.node("LRN", [value], size=size, **numbers), flat, given)
    image = (given[0], 1, given[1], product(given[2:]))  # the window runs over the channels
    squares = graph.reshape(graph.node("Mul", [use.inputs[0], use.inputs[0]]), given, image)
    pads = [size // 2, 0, (size - 1) // 2, 0]
    mean = graph.node("AveragePool", [squares], kernel_shape=[size, 1], pads=pads, count_include_pad=1)
    scaled = graph.node("Mul", [graph.reshape(mean, image, given), graph.constant(layer.alpha)])
    base = graph.node("Add", [scaled, graph.constant(layer.k)])
    return graph.node("Div", [use.inputs[0], graph.node("Pow", [base, graph.constant(layer.beta)])])
