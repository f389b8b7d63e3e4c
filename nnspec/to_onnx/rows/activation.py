"""ONNX rows of the activation functions: one operator where onnxruntime's formula is torch's, else a few."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.rectifiers import Hardtanh, LeakyReLU, PReLU, ReLU, ReLU6, RReLU, Threshold
from nnspec.layers.families.shrinking import Hardshrink, Softshrink, Tanhshrink
from nnspec.layers.families.sigmoids import GLU, Hardsigmoid, Hardswish, LogSigmoid, Sigmoid, Softsign, Tanh
from nnspec.layers.families.smooth import CELU, ELU, GELU, SELU, Mish, SiLU, Softplus
from nnspec.layers.families.softmax import LogSoftmax, Softmax, Softmax2d, Softmin
from nnspec.layers.tensor_type import axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row

SAME: dict[type[Layer], str] = {
    ReLU: "Relu",
    SELU: "Selu",
    Mish: "Mish",
    Sigmoid: "Sigmoid",
    Tanh: "Tanh",
    Softsign: "Softsign",
    Hardswish: "HardSwish",
}


@row(*SAME)
def _(layer: Layer, use: LayerUse, graph: Graph) -> str:
    return graph.node(SAME[type(layer)], [use.inputs[0]])


@row(ReLU6)
def _(layer: ReLU6, use: LayerUse, graph: Graph) -> str:
    return graph.node("Clip", [use.inputs[0], graph.constant(0.0), graph.constant(6.0)])


@row(Hardtanh)
def _(layer: Hardtanh, use: LayerUse, graph: Graph) -> str:
    return graph.node("Clip", [use.inputs[0], graph.constant(layer.min_val), graph.constant(layer.max_val)])


@row(LeakyReLU)
def _(layer: LeakyReLU, use: LayerUse, graph: Graph) -> str:
    return graph.node("LeakyRelu", [use.inputs[0]], alpha=layer.negative_slope)


@row(RReLU)
def _(layer: RReLU, use: LayerUse, graph: Graph) -> str:
    return graph.node("LeakyRelu", [use.inputs[0]], alpha=(layer.lower + layer.upper) / 2)


@row(PReLU)
def _(layer: PReLU, use: LayerUse, graph: Graph) -> str:
    weight, rank = use.weights["weight"], use.results[0].rank
    if rank == 0:
        weight = graph.stand_for(graph.derived(weight, ".slope", (), lambda slopes: slopes.reshape(())), weight)
    if layer.num_parameters > 1 and rank > 2:
        shape = (layer.num_parameters,) + (1,) * (rank - 2)  # [C, 1, 1] broadcasts over the places
        made = graph.derived(weight, ".slope", shape, lambda slopes: slopes.reshape(shape))
        weight = graph.stand_for(made, weight)
    return graph.node("PRelu", [use.inputs[0], weight])


@row(ELU)
def _(layer: ELU, use: LayerUse, graph: Graph) -> str:
    return graph.node("Elu", [use.inputs[0]], alpha=layer.alpha)


@row(CELU)
def _(layer: CELU, use: LayerUse, graph: Graph) -> str:
    if layer.alpha > LARGEST_CELU:
        return _flat_celu(layer.alpha, use.inputs[0], graph)
    return graph.node("Celu", [use.inputs[0]], alpha=layer.alpha)


LARGEST_CELU = 16.0  # above it, what exp(x / alpha) - 1 loses by rounding is seen


def _flat_celu(alpha: float, x: str, graph: Graph) -> str:
    """exp(y) - 1 = 2 t / (1 - t) with t = tanh(y / 2), which is exact near 0."""
    below = graph.node("Min", [x, graph.constant(0.0)])
    t = graph.node("Tanh", [graph.node("Div", [below, graph.constant(2 * alpha)])])
    curve = graph.node("Div", [t, graph.node("Sub", [graph.constant(1.0), t])])
    return graph.node("Add", [graph.node("Relu", [x]), graph.node("Mul", [curve, graph.constant(2 * alpha)])])


@row(GELU)
def _(layer: GELU, use: LayerUse, graph: Graph) -> str:
    return graph.node("Gelu", [use.inputs[0]], approximate=layer.approximate)


@row(SiLU)
def _(layer: SiLU, use: LayerUse, graph: Graph) -> str:
    return graph.node("Mul", [use.inputs[0], graph.node("Sigmoid", [use.inputs[0]])])


@row(LogSigmoid)
def _(layer: LogSigmoid, use: LayerUse, graph: Graph) -> str:
    negative = graph.node("Neg", [use.inputs[0]])  # the logarithm of Sigmoid would be -inf far below zero
    return graph.node("Neg", [graph.node("Softplus", [negative])])


@row(Tanhshrink)
def _(layer: Tanhshrink, use: LayerUse, graph: Graph) -> str:
    return graph.node("Sub", [use.inputs[0], graph.node("Tanh", [use.inputs[0]])])


EXACT_IN_FLOAT32 = 17.0  # above it, log(1 + exp(x)) rounds to x


@row(Softplus)
def _(layer: Softplus, use: LayerUse, graph: Graph) -> str:
    x = use.inputs[0]
    scaled = x if layer.beta == 1 else graph.node("Mul", [x, graph.constant(layer.beta)])
    soft = graph.node("Softplus", [scaled])
    result = soft if layer.beta == 1 else graph.node("Mul", [soft, graph.constant(1 / layer.beta)])
    if layer.threshold >= EXACT_IN_FLOAT32:
        return result
    linear = graph.node("Greater", [scaled, graph.constant(layer.threshold)])
    return graph.node("Where", [linear, x, result])


@row(Softshrink)
def _(layer: Softshrink, use: LayerUse, graph: Graph) -> str:
    return graph.node("Shrink", [use.inputs[0]], lambd=layer.lambd, bias=layer.lambd)


@row(Hardshrink)
def _(layer: Hardshrink, use: LayerUse, graph: Graph) -> str:
    return graph.node("Shrink", [use.inputs[0]], lambd=layer.lambd)


@row(Hardsigmoid)
def _(layer: Hardsigmoid, use: LayerUse, graph: Graph) -> str:
    return graph.node("HardSigmoid", [use.inputs[0]], alpha=1 / 6, beta=0.5)


@row(Threshold)
def _(layer: Threshold, use: LayerUse, graph: Graph) -> str:
    low = graph.node("LessOrEqual", [use.inputs[0], graph.constant(layer.threshold)])
    return graph.node("Where", [low, graph.constant(layer.value), use.inputs[0]])


@row(GLU)
def _(layer: GLU, use: LayerUse, graph: Graph) -> str:
    value, gate = graph.nodes_out("Split", [use.inputs[0]], 2, axis=axis(layer.dim, use.results[0].rank), num_outputs=2)
    return graph.node("Mul", [value, graph.node("Sigmoid", [gate])])


@row(Softmax)
def _(layer: Softmax, use: LayerUse, graph: Graph) -> str:
    return graph.node("Softmax", [use.inputs[0]], axis=axis(layer.dim, use.results[0].rank))


@row(Softmin)
def _(layer: Softmin, use: LayerUse, graph: Graph) -> str:
    negative = graph.node("Neg", [use.inputs[0]])
    return graph.node("Softmax", [negative], axis=axis(layer.dim, use.results[0].rank))


@row(LogSoftmax)
def _(layer: LogSoftmax, use: LayerUse, graph: Graph) -> str:
    return graph.node("LogSoftmax", [use.inputs[0]], axis=axis(layer.dim, use.results[0].rank))


@row(Softmax2d)
def _(layer: Softmax2d, use: LayerUse, graph: Graph) -> str:
    return graph.node("Softmax", [use.inputs[0]], axis=1)
