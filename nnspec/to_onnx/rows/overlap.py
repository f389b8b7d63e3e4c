"""ONNX rows of what compares masks."""

from __future__ import annotations

import numpy as np

from nnspec.layers.families.overlap import ClassOverlap, DiceLoss, DiceScore, MeanIoU, MeanOverlap
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, reduce
from nnspec.to_onnx.row import LayerUse, row


def _of_each_sample(name: str, use: LayerUse, graph: Graph) -> str:
    """The sum over all but the first dimension."""
    return reduce("ReduceSum", name, tuple(range(1, use.type_of().rank)), False, graph)


@row(DiceLoss)
def _(layer: DiceLoss, use: LayerUse, graph: Graph) -> str:
    smooth = graph.constant(layer.smooth)
    overlap = _of_each_sample(graph.node("Mul", list(use.inputs)), use, graph)
    total = _of_each_sample(graph.node("Add", list(use.inputs)), use, graph)
    twice = graph.node("Add", [graph.node("Add", [overlap, overlap]), smooth])
    share = graph.node("Div", [twice, graph.node("Add", [total, smooth])])
    losses = graph.node("Sub", [graph.constant(1.0), share])
    if layer.reduction == "none":
        return losses
    return reduce("ReduceMean" if layer.reduction == "mean" else "ReduceSum", losses, (0,), False, graph)


@row(DiceScore)
def _(layer: DiceScore, use: LayerUse, graph: Graph) -> str:
    threshold, one = graph.constant(layer.threshold), graph.constant(1.0)
    masks = [cast(graph.node("Greater", [name, threshold]), "bool", "float", graph) for name in use.inputs]
    overlap = _of_each_sample(graph.node("Mul", masks), use, graph)
    total = _of_each_sample(graph.node("Add", masks), use, graph)
    share = graph.node("Div", [graph.node("Add", [overlap, overlap]), graph.node("Max", [total, one])])
    empty = graph.node("Equal", [total, graph.constant(0.0)])
    return reduce("ReduceMean", graph.node("Where", [empty, one, share]), (0,), False, graph)


def _counts(use: LayerUse, graph: Graph) -> tuple[str, str]:
    """[classes] twice: the places that are of a class and taken for it, and those of which one or the other is true."""
    best = graph.node("ArgMax", [use.inputs[0]], axis=1, keepdims=0)
    classes, ends = graph.size(use.type_of().shape[1]), graph.constant([0.0, 1.0])
    rows = [
        graph.node("OneHot", [graph.node("Reshape", [name, graph.constant([-1], np.int64)]), classes, ends], axis=-1)
        for name in (best, use.inputs[1])
    ]  # [places, classes]
    overlap = reduce("ReduceSum", graph.node("Mul", rows), (0,), False, graph)
    union = graph.node("Sub", [reduce("ReduceSum", graph.node("Add", rows), (0,), False, graph), overlap])
    return overlap, union


def _mean_of_present(overlap: str, union: str, graph: Graph) -> str:
    """The mean of the shares of the classes that are there; the other unions are 0."""
    absent = graph.node("Equal", [union, graph.constant(0.0)])
    shares = graph.node("Div", [overlap, graph.node("Where", [absent, graph.constant(1.0), union])])
    shares = graph.node("Where", [absent, graph.constant(0.0), shares])
    present = reduce("ReduceSum", cast(graph.node("Not", [absent]), "bool", "float", graph), (0,), False, graph)
    return graph.node("Div", [reduce("ReduceSum", shares, (0,), False, graph), present])


@row(MeanIoU)
def _(layer: MeanIoU, use: LayerUse, graph: Graph) -> str:
    return _mean_of_present(*_counts(use, graph), graph)


@row(ClassOverlap)
def _(layer: ClassOverlap, use: LayerUse, graph: Graph) -> str:
    places = graph.constant([0], np.int64)
    return graph.node("Concat", [graph.node("Unsqueeze", [each, places]) for each in _counts(use, graph)], axis=0)


@row(MeanOverlap)
def _(layer: MeanOverlap, use: LayerUse, graph: Graph) -> str:
    overlap, union = (
        graph.node("Gather", [use.inputs[0], graph.constant(index, np.int64)], axis=0) for index in (0, 1)
    )
    return _mean_of_present(overlap, union, graph)
