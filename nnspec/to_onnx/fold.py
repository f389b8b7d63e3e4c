"""Folding for inference: batch norms into the operator before them, zero padding into the convolution after it.

Both are exact; the arithmetic of the weights is done in float64, when the arrays are written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Initializer, Node
from nnspec.weights.arrays import Array

LINEAR = ("Conv", "ConvTranspose", "Gemm")


def fold(graph: Graph) -> None:
    """Fold what can be folded, in place."""
    _fold_pads(graph)
    _fold_batch_norms(graph)
    graph.prune()


def _fold_batch_norms(graph: Graph) -> None:
    uses = graph.uses()
    producers = {name: node for node in graph.nodes for name in node.outputs}
    for norm in graph.nodes:
        before = producers.get(norm.inputs[0]) if norm.op == "BatchNormalization" else None
        if before is None or before.op not in LINEAR or uses[before.outputs[0]] != 1:
            continue
        if all(name in graph.initializers for name in [*before.inputs[1:], *norm.inputs[1:]]):
            _fold_batch_norm(graph, before, norm)
            producers[norm.outputs[0]] = before
            before.outputs, norm.outputs = norm.outputs, before.outputs  # what is left of the norm is pruned


def _fold_batch_norm(graph: Graph, before: Node, norm: Node) -> None:
    """`scale * (W x + b - mean) / sqrt(variance + eps) + shift`, as other weights W and b."""
    scale, shift, mean, variance = (graph.initializers[name] for name in norm.inputs[1:])
    weight = graph.initializers[before.inputs[1]]
    bias = graph.initializers[before.inputs[2]] if len(before.inputs) > 2 else None
    eps = norm.attributes["epsilon"]
    second = before.op == "ConvTranspose" or (before.op == "Gemm" and not before.attributes.get("transB"))
    groups = before.attributes.get("group", 1) if second else 0

    @cache
    def factor() -> Array:
        spread = np.sqrt(variance.make().astype(np.float64) + eps)
        return np.asarray(scale.make().astype(np.float64) / spread)

    def folded_weight() -> Array:
        return _times_channels(weight.make(), factor(), groups)

    def folded_bias() -> Array:
        start = 0.0 if bias is None else bias.make().astype(np.float64)
        return np.asarray((start - mean.make()) * factor() + shift.make(), np.float32)

    _replace(graph, before, 1, weight.shape, folded_weight)
    _replace(graph, before, 2, mean.shape, folded_bias)


def _replace(graph: Graph, node: Node, index: int, shape: tuple[int, ...], make: Callable[[], Array]) -> None:
    """Give the node a new initializer, which stands for the one that it had."""
    key = node.inputs[index] if index < len(node.inputs) else f"{node.path}.bias"
    graph.scope = ""
    name = graph.fresh(f"{key}.folded")
    graph.initializers[graph.stand_for(name, key)] = Initializer(shape, np.float32, make)
    node.inputs[index:] = [name, *node.inputs[index + 1 :]]


def _times_channels(weight: Array, factor: Array, groups: int) -> Array:
    """The weight with every output channel scaled; they come first, but in a transposed convolution and where a weight
    is [in, out] (`groups`) second, [in, out / groups, ...], each group of inputs having outputs of its own."""
    split = (groups, len(weight) // groups, weight.shape[1]) if groups else (1, 1, len(weight))
    rows = weight.reshape(*split, -1)
    scaled = np.empty_like(rows)  # of float32: each product of float64 numbers is rounded as it is made
    np.multiply(rows, factor.reshape(len(rows), 1, -1, 1), out=scaled, casting="same_kind")
    return scaled.reshape(weight.shape)


def _fold_pads(graph: Graph) -> None:
    uses = graph.uses()
    producers = {name: node for node in graph.nodes for name in node.outputs}
    for node in graph.nodes:
        padding = producers.get(node.inputs[0]) if node.op == "Conv" else None
        if padding is None or padding.op != "Pad" or uses[padding.outputs[0]] != 1:
            continue
        pads = _zero_pads(graph, padding)
        if pads is not None:
            node.attributes["pads"] = [a + b for a, b in zip(node.attributes["pads"], pads, strict=True)]
            node.inputs[0] = padding.inputs[0]


def _zero_pads(graph: Graph, node: Node) -> list[int] | None:
    """The padding around the places of an image by a Pad that adds zeros and only there."""
    if node.attributes.get("mode", "constant") != "constant" or len(node.inputs) > 3:
        return None
    amounts = graph.initializers.get(node.inputs[1])
    fill = graph.initializers.get(node.inputs[2]) if len(node.inputs) > 2 else None
    if amounts is None or (len(node.inputs) > 2 and (fill is None or fill.make().any())):
        return None
    pads = amounts.make().reshape(2, -1)
    if pads[:, :2].any() or (pads < 0).any():
        return None
    return [int(amount) for amount in pads[:, 2:].ravel()]
