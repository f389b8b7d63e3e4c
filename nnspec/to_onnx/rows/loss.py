"""ONNX rows of losses and metrics."""

from __future__ import annotations

import numpy as np

from nnspec.layers.families.loss import (
    Accuracy,
    BCELoss,
    BCEWithLogitsLoss,
    CountedTargets,
    CrossEntropyLoss,
    FocalLoss,
    GaussianKL,
    Hinge,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from nnspec.layers.loss import DistanceLoss
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, reduce
from nnspec.to_onnx.row import LayerUse, row

LEAST_LOGARITHM = -100.0  # where torch cuts the logarithms of a binary cross entropy


def _reduced(losses: str, given: TensorType, reduction: str, graph: Graph) -> str:
    """The losses of every element as `reduction` asks."""
    if reduction == "none":
        return losses
    if reduction == "mean":
        return reduce("ReduceMean", losses, tuple(range(given.rank)), False, graph)
    total = reduce("ReduceSum", losses, tuple(range(given.rank)), False, graph)
    if reduction == "sum":
        return total
    batch = cast(graph.node("Squeeze", [graph.size(given.shape[0])]), "int", "float", graph)
    return graph.node("Div", [total, batch])


def _compared(layer: DistanceLoss, use: LayerUse, graph: Graph) -> list[str]:
    """Input and target; a number stands for a target that is the same everywhere."""
    return [use.inputs[0], use.inputs[1] if layer.value is None else graph.constant(float(layer.value))]


@row(MSELoss, L1Loss)
def _(layer: MSELoss | L1Loss, use: LayerUse, graph: Graph) -> str:
    distance = graph.node("Sub", _compared(layer, use, graph))
    losses = graph.node("Mul", [distance, distance]) if isinstance(layer, MSELoss) else graph.node("Abs", [distance])
    return _reduced(losses, use.type_of(), layer.reduction, graph)


@row(HuberLoss)
def _(layer: HuberLoss, use: LayerUse, graph: Graph) -> str:
    # with m = min(|d|, delta): m * (|d| - m / 2) is both the square and the line
    distance = graph.node("Abs", [graph.node("Sub", list(use.inputs))])
    inner = graph.node("Min", [distance, graph.constant(layer.delta)])
    outer = graph.node("Sub", [distance, graph.node("Mul", [inner, graph.constant(0.5)])])
    return _reduced(graph.node("Mul", [inner, outer]), use.type_of(), layer.reduction, graph)


@row(SmoothL1Loss)
def _(layer: SmoothL1Loss, use: LayerUse, graph: Graph) -> str:
    # the same over beta, by which m is divided first: 1 / beta may be more than a float32 can be
    distance = graph.node("Abs", [graph.node("Sub", list(use.inputs))])
    inner = graph.node("Min", [distance, graph.constant(layer.beta)])
    outer = graph.node("Sub", [distance, _times(inner, 0.5, graph)])
    share = inner if layer.beta == 1 else graph.node("Div", [inner, graph.constant(layer.beta)])
    return _reduced(graph.node("Mul", [share, outer]), use.type_of(), layer.reduction, graph)


@row(Hinge)
def _(layer: Hinge, use: LayerUse, graph: Graph) -> str:
    product = graph.node("Mul", list(use.inputs))
    losses = graph.node("Relu", [graph.node("Sub", [graph.constant(1.0), product])])
    return _reduced(losses, use.type_of(), layer.reduction, graph)


@row(BCELoss)
def _(layer: BCELoss, use: LayerUse, graph: Graph) -> str:
    value, target = _compared(layer, use, graph)
    one, least = graph.constant(1.0), graph.constant(LEAST_LOGARITHM)
    yes = graph.node("Max", [graph.node("Log", [value]), least])
    no = graph.node("Max", [graph.node("Log", [graph.node("Sub", [one, value])]), least])
    both = [graph.node("Mul", [target, yes]), graph.node("Mul", [graph.node("Sub", [one, target]), no])]
    losses = graph.node("Neg", [graph.node("Add", both)])
    return _reduced(losses, use.type_of(), layer.reduction, graph)


@row(BCEWithLogitsLoss)
def _(layer: BCEWithLogitsLoss, use: LayerUse, graph: Graph) -> str:
    value, target = _compared(layer, use, graph)
    return _reduced(_with_logits(value, target, graph, layer.pos_weight), use.type_of(), layer.reduction, graph)


def _with_logits(value: str, target: str, graph: Graph, weight: float | tuple[float, ...] | None = None) -> str:
    """(1 - target) * x + softplus(-x), the latter times 1 + (weight - 1) * target."""
    other = graph.node("Mul", [graph.node("Sub", [graph.constant(1.0), target]), value])
    positive = graph.node("Softplus", [graph.node("Neg", [value])])
    if weight is not None:
        more = [each - 1.0 for each in weight] if isinstance(weight, tuple) else weight - 1.0
        factor = graph.node("Add", [graph.node("Mul", [target, graph.constant(more)]), graph.constant(1.0)])
        positive = graph.node("Mul", [positive, factor])
    return graph.node("Add", [other, positive])


@row(FocalLoss)
def _(layer: FocalLoss, use: LayerUse, graph: Graph) -> str:
    value, target = use.inputs
    one, probability = graph.constant(1.0), graph.node("Sigmoid", [value])
    rest, miss = graph.node("Sub", [one, target]), graph.node("Sub", [one, probability])
    wrong = graph.node("Add", [graph.node("Mul", [probability, rest]), graph.node("Mul", [miss, target])])
    share = graph.node("Add", [_times(target, layer.alpha, graph), _times(rest, 1 - layer.alpha, graph)])
    factor = graph.node("Mul", [graph.node("Pow", [wrong, graph.constant(layer.gamma)]), share])
    losses = graph.node("Mul", [_with_logits(value, target, graph), factor])
    return _reduced(losses, use.type_of(), layer.reduction, graph)


@row(CrossEntropyLoss)
def _(layer: CrossEntropyLoss, use: LayerUse, graph: Graph) -> str:
    logits, target = use.inputs
    scores = graph.node("LogSoftmax", [logits], axis=1)
    smoothing = layer.label_smoothing
    if use.type_of(1).dtype == "float":
        return _soft(scores, target, layer, use, graph)
    if not smoothing:
        return _right_class(scores, layer, use, graph)
    flat = graph.node("Neg", [reduce("ReduceMean", _weighted(scores, layer, use, graph), (1,), False, graph)])
    uniform = graph.node("Where", [_ignored(layer, use, graph), graph.constant(0.0), flat])
    losses = _right_class(scores, layer, use, graph, "none")
    losses = graph.node("Add", [_times(losses, 1 - smoothing, graph), _times(uniform, smoothing, graph)])
    if layer.reduction != "mean":
        return _reduced(losses, use.type_of(1), layer.reduction, graph)
    # the right class of scores that are -1 everywhere: the weight of each target that counts
    minus = graph.node("Sub", [graph.node("Sub", [scores, scores]), graph.constant(1.0)])
    counted = _right_class(minus, layer, use, graph, "none")
    totals = [_reduced(each, use.type_of(1), "sum", graph) for each in (losses, counted)]
    return graph.node("Div", totals)


def _soft(scores: str, target: str, layer: CrossEntropyLoss, use: LayerUse, graph: Graph) -> str:
    """Against probabilities; the mean is over the samples and places."""
    given = use.type_of()
    if layer.label_smoothing:
        classes = cast(graph.node("Squeeze", [graph.size(given.shape[1])]), "int", "float", graph)
        share = graph.node("Div", [graph.constant(layer.label_smoothing), classes])
        target = graph.node("Add", [_times(target, 1 - layer.label_smoothing, graph), share])
    product = _weighted(graph.node("Mul", [scores, target]), layer, use, graph)
    losses = graph.node("Neg", [reduce("ReduceSum", product, (1,), False, graph)])
    return _reduced(losses, given.with_shape(given.shape[0], *given.shape[2:]), layer.reduction, graph)


def _weighted(scores: str, layer: CrossEntropyLoss, use: LayerUse, graph: Graph) -> str:
    """Times the weight of each class, along dimension 1."""
    if layer.class_weights is None:
        return scores
    shape = (-1, *(1,) * (use.type_of().rank - 2))
    weights = np.asarray(layer.class_weights, np.float32).reshape(shape)
    return graph.node("Mul", [scores, graph.constant(weights.tolist())])


def _times(value: str, factor: float, graph: Graph) -> str:
    return graph.node("Mul", [value, graph.constant(factor)])


def _ignored(layer: CrossEntropyLoss | Accuracy, use: LayerUse, graph: Graph) -> str:
    return graph.node("Equal", [use.inputs[1], graph.constant(layer.ignore_index, np.int64)])


def _right_class(
    scores: str, layer: CrossEntropyLoss | NLLLoss, use: LayerUse, graph: Graph, reduction: str | None = None
) -> str:
    weights = getattr(layer, "class_weights", None)
    return graph.node(
        "NegativeLogLikelihoodLoss",
        [scores, use.inputs[1], *([] if weights is None else [graph.constant(list(weights))])],
        reduction=reduction or layer.reduction,
        ignore_index=layer.ignore_index,
    )


@row(NLLLoss)
def _(layer: NLLLoss, use: LayerUse, graph: Graph) -> str:
    return _right_class(use.inputs[0], layer, use, graph)


@row(GaussianKL)
def _(layer: GaussianKL, use: LayerUse, graph: Graph) -> str:
    mu, logvar = use.inputs
    inner = graph.node("Sub", [graph.node("Add", [graph.constant(1.0), logvar]), graph.node("Mul", [mu, mu])])
    losses = _times(graph.node("Sub", [inner, graph.node("Exp", [logvar])]), -0.5, graph)
    return _reduced(losses, use.type_of(), layer.reduction, graph)


@row(Accuracy)
def _(layer: Accuracy, use: LayerUse, graph: Graph) -> str:
    best = graph.node("ArgMax", [use.inputs[0]], axis=1, keepdims=0)
    right = cast(graph.node("Equal", [best, use.inputs[1]]), "bool", "float", graph)
    if layer.ignore_index is None:
        return _reduced(right, use.type_of(1), layer.reduction, graph)
    counted = cast(graph.node("Not", [_ignored(layer, use, graph)]), "bool", "float", graph)
    right = _reduced(graph.node("Mul", [right, counted]), use.type_of(1), "sum", graph)
    if layer.reduction == "sum":
        return right
    return graph.node("Div", [right, _reduced(counted, use.type_of(1), "sum", graph)])


@row(CountedTargets)
def _(layer: CountedTargets, use: LayerUse, graph: Graph) -> str:
    target = use.inputs[0]
    ignored = graph.node("Equal", [target, graph.constant(layer.ignore_index or 0, np.int64)])
    if layer.ignore_index is None:
        ignored = graph.node("And", [ignored, graph.node("Not", [ignored])])  # none
    if layer.class_weights is None:
        weights = graph.constant(1.0)
    else:
        known = graph.node("Where", [ignored, graph.constant(0, np.int64), target])
        weights = graph.node("Gather", [graph.constant(list(layer.class_weights)), known], axis=0)
    counted = graph.node("Where", [ignored, graph.constant(0.0), weights])
    return _reduced(counted, use.type_of(), "sum", graph)
