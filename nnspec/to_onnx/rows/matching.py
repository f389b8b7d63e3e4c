"""ONNX rows of losses that match vectors and sequences."""

from __future__ import annotations

from nnspec.layers.families.matching import CosineSimilarity, InfoNCE
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import reduce, scalar
from nnspec.to_onnx.row import LayerUse, row

LEAST_LENGTH = 1e-12  # of torch's normalize


def _length(name: str, axis: int, least: float, graph: Graph) -> str:
    return graph.node("Max", [reduce("ReduceL2", name, (axis,), True, graph), graph.constant(least)])


@row(CosineSimilarity)
def _(layer: CosineSimilarity, use: LayerUse, graph: Graph) -> str:
    units = [graph.node("Div", [name, _length(name, layer.dim, layer.eps, graph)]) for name in use.inputs]
    return reduce("ReduceSum", graph.node("Mul", units), (layer.dim,), False, graph)


@row(InfoNCE)
def _(layer: InfoNCE, use: LayerUse, graph: Graph) -> str:
    one, other = (graph.node("Div", [name, _length(name, 1, LEAST_LENGTH, graph)]) for name in use.inputs)
    products = graph.node("MatMul", [one, graph.node("Transpose", [other], perm=[1, 0])])
    scores = graph.node("LogSoftmax", [graph.node("Div", [products, graph.constant(layer.temperature)])], axis=1)
    own = graph.node("Mul", [scores, graph.node("EyeLike", [scores])])
    count = scalar(use.type_of().shape[0], "float", graph)
    return graph.node("Neg", [graph.node("Div", [reduce("ReduceSum", own, (0, 1), False, graph), count])])
