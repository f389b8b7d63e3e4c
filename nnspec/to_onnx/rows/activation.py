"""ONNX rows of the activation functions: one operator where onnxruntime's formula is torch's, else a few."""

from __future__ import annotations

from nnspec.layers.base import Layer, axis
from nnspec.layers.families.rectifiers import Hardtanh, LeakyReLU, PReLU, ReLU, ReLU6, RReLU, Threshold
from nnspec.layers.families.shrinking import Hardshrink, Softshrink, Tanhshrink
from nnspec.layers.families.sigmoids import GLU, Hardsigmoid, Hardswish, LogSigmoid, Sigmoid, Softsign, Tanh
from nnspec.layers.families.smooth import CELU, ELU, GELU, SELU, Mish, SiLU, Softplus
from nnspec.layers.families.softmax import LogSoftmax, Softmax, Softmax2d, Softmin
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row

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
def _(layer: Layer, call: Call, graph: Graph) -> str:
    return graph.node(SAME[type(layer)], [call.inputs[0]])


@row(ReLU6)
def _(layer: ReLU6, call: Call, graph: Graph) -> str:
    return graph.node("Clip", [call.inputs[0], graph.constant(0.0), graph.constant(6.0)])


@row(Hardtanh)
def _(layer: Hardtanh, call: Call, graph: Graph) -> str:
    return graph.node("Clip", [call.inputs[0], graph.constant(layer.min_val), graph.constant(layer.max_val)])


@row(LeakyReLU)
def _(layer: LeakyReLU, call: Call, graph: Graph) -> str:
    return graph.node("LeakyRelu", [call.inputs[0]], alpha=layer.negative_slope)


@row(RReLU)
def _(layer: RReLU, call: Call, graph: Graph) -> str:
    return graph.node("LeakyRelu", [call.inputs[0]], alpha=(layer.lower + layer.upper) / 2)


@row(PReLU)
def _(layer: PReLU, call: Call, graph: Graph) -> str:
    weight, rank = call.weights["weight"], call.results[0].rank
    if rank == 0:
        weight = graph.stand_for(graph.derived(weight, ".slope", (), lambda slopes: slopes.reshape(())), weight)
    if layer.num_parameters > 1 and rank > 2:
        shape = (layer.num_parameters,) + (1,) * (rank - 2)  # [C, 1, 1] broadcasts over the places
        made = graph.derived(weight, ".slope", shape, lambda slopes: slopes.reshape(shape))
        weight = graph.stand_for(made, weight)
    return graph.node("PRelu", [call.inputs[0], weight])


@row(ELU)
def _(layer: ELU, call: Call, graph: Graph) -> str:
    return graph.node("Elu", [call.inputs[0]], alpha=layer.alpha)


@row(CELU)
def _(layer: CELU, call: Call, graph: Graph) -> str:
    if layer.alpha > LARGEST_CELU:
        return _flat_celu(layer.alpha, call.inputs[0], graph)
    return graph.node("Celu", [call.inputs[0]], alpha=layer.alpha)


LARGEST_CELU = 16.0  # above it, what exp(x / alpha) - 1 loses by rounding is seen


def _flat_celu(alpha: float, x: str, graph: Graph) -> str:
    """exp(y) - 1 = 2 t / (1 - t) with t = tanh(y / 2), which is exact near 0."""
    below = graph.node("Min", [x, graph.constant(0.0)])
    t = graph.node("Tanh", [graph.node("Div", [below, graph.constant(2 * alpha)])])
    curve = graph.node("Div", [t, graph.node("Sub", [graph.constant(1.0), t])])
    return graph.node("Add", [graph.node("Relu", [x]), graph.node("Mul", [curve, graph.constant(2 * alpha)])])


@row(GELU)
def _(layer: GELU, call: Call, graph: Graph) -> str:
    return graph.node("Gelu", [call.inputs[0]], approximate=layer.approximate)


@row(SiLU)
def _(layer: SiLU, call: Call, graph: Graph) -> str:
    return graph.node("Mul", [call.inputs[0], graph.node("Sigmoid", [call.inputs[0]])])


@row(LogSigmoid)
def _(layer: LogSigmoid, call: Call, graph: Graph) -> str:
    negative = graph.node("Neg", [call.inputs[0]])  # the logarithm of Sigmoid would be -inf far below zero
    return graph.node("Neg", [graph.node("Softplus", [negative])])


@row(Tanhshrink)
def _(layer: Tanhshrink, call: Call, graph: Graph) -> str:
    return graph.node("Sub", [call.inputs[0], graph.node("Tanh", [call.inputs[0]])])


EXACT_IN_FLOAT32 = 17.0  # above it, log(1 + exp(x)) rounds to x


@row(Softplus)
def _(layer: Softplus, call: Call, graph: Graph) -> str:
    x = call.inputs[0]
    scaled = x if layer.beta == 1 else graph.node("Mul", [x, graph.constant(layer.beta)])
    soft = graph.node("Softplus", [scaled])
    result = soft if layer.beta == 1 else graph.node("Mul", [soft, graph.constant(1 / layer.beta)])
    if layer.threshold >= EXACT_IN_FLOAT32:
        return result
    linear = graph.node("Greater", [scaled, graph.constant(layer.threshold)])
    return graph.node("Where", [linear, x, result])


@row(Softshrink)
def _(layer: Softshrink, call: Call, graph: Graph) -> str:
    return graph.node("Shrink", [call.inputs[0]], lambd=layer.lambd, bias=layer.lambd)


@row(Hardshrink)
def _(layer: Hardshrink, call: Call, graph: Graph) -> str:
    return graph.node("Shrink", [call.inputs[0]], lambd=layer.lambd)


@row(Hardsigmoid)
def _(layer: Hardsigmoid, call: Call, graph: Graph) -> str:
    return graph.node("HardSigmoid", [call.inputs[0]], alpha=1 / 6, beta=0.5)


@row(Threshold)
def _(layer: Threshold, call: Call, graph: Graph) -> str:
    low = graph.node("LessOrEqual", [call.inputs[0], graph.constant(layer.threshold)])
    return graph.node("Where", [low, graph.constant(layer.value), call.inputs[0]])


@row(GLU)
def _(layer: GLU, call: Call, graph: Graph) -> str:
    value, gate = graph.nodes_out(
        "Split", [call.inputs[0]], 2, axis=axis(layer.dim, call.results[0].rank), num_outputs=2
    )
    return graph.node("Mul", [value, graph.node("Sigmoid", [gate])])


@row(Softmax)
def _(layer: Softmax, call: Call, graph: Graph) -> str:
    return graph.node("Softmax", [call.inputs[0]], axis=axis(layer.dim, call.results[0].rank))


@row(Softmin)
def _(layer: Softmin, call: Call, graph: Graph) -> str:
    negative = graph.node("Neg", [call.inputs[0]])
    return graph.node("Softmax", [negative], axis=axis(layer.dim, call.results[0].rank))


@row(LogSoftmax)
def _(layer: LogSoftmax, call: Call, graph: Graph) -> str:
    return graph.node("LogSoftmax", [call.inputs[0]], axis=axis(layer.dim, call.results[0].rank))


@row(Softmax2d)
def _(layer: Softmax2d, call: Call, graph: Graph) -> str:
    return graph.node("Softmax", [call.inputs[0]], axis=1)
