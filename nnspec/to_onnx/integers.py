"""Dynamic int8: products with weights as integer products, on values that are quantised as they come.

Weights are quantised symmetrically, each output feature by its own largest magnitude; inputs by the range of each
tensor when the model runs. Convolutions stay float32: onnxruntime's integer convolution is slower than its float one.
A weight that is an embedding, too, stays float32 beside its int8 copy; a product that experts are chosen by stays as it
is. The chain of operators is the one that onnxruntime fuses into one (DynamicQuantizeMatMul).
"""

from __future__ import annotations

import numpy as np
import onnx

from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.node import Initializer, Node
from nnspec.weights.arrays import Array

_LARGEST = 127  # of an int8 number, used on both sides of zero


def quantise_products(graph: Graph) -> int:
    """Replace the products of a graph with constant matrices, in place; how many there are."""
    before, graph.nodes = graph.nodes, []
    count = 0
    for node in before:
        if _is_product(node, graph):
            _quantise(node, graph)
            count += 1
        else:
            graph.nodes.append(node)
    graph.prune()
    return count


def _is_product(node: Node, graph: Graph) -> bool:
    weight = graph.initializers.get(node.inputs[1]) if node.op in ("Gemm", "MatMul") else None
    return (
        weight is not None and len(weight.shape) == 2 and not node.single and node.inputs[0] not in graph.initializers
    )


def _quantise(node: Node, graph: Graph) -> None:
    value, weight, *bias = node.inputs
    with graph.within(node):
        numbers, scale, zero = _quantised_value(value, graph)
        integers, scales = _quantised_weight(weight, 0 if node.attributes.get("transB") else 1, graph)
        product = graph.node("MatMulInteger", [numbers, integers, zero])
        real = graph.node("Cast", [product], to=onnx.TensorProto.FLOAT)
        total = graph.node("Mul", [real, graph.node("Mul", [scale, scales])])
        if bias:
            graph.node("Add", [total, *bias])
    graph.nodes[-1].outputs = list(node.outputs)


def _quantised_value(name: str, graph: Graph) -> tuple[str, str, str]:
    """The tensor as uint8, its scale and its zero point; once for all products that take it."""
    made = (f"{name}.uint8", f"{name}.scale", f"{name}.zero")
    if not graph.knows(made[0]):
        own, path = graph.fresh("DynamicQuantizeLinear"), graph.scope
        graph.nodes.append(Node("DynamicQuantizeLinear", [name], list(made), {}, own, blocks=graph.blocks, path=path))
        graph.reserve(made)
    return made


def _quantised_weight(name: str, features: int, graph: Graph) -> tuple[str, str]:
    """The weight as int8, [in, out], and the scale of every output feature, [out]; `features` is their dimension."""
    value = graph.initializers[name]
    shape = value.shape if features else value.shape[::-1]
    integers, scales = f"{name}.int8", f"{name}.scale"

    def scale() -> Array:
        largest = np.abs(value.make()).max(axis=1 - features)
        return np.asarray(np.where(largest > 0, largest / _LARGEST, 1), np.float32)

    def numbers() -> Array:
        array = value.make() if features else value.make().T
        return np.ascontiguousarray(np.rint(array / scale()).astype(np.int8))

    graph.initializers[integers] = Initializer(shape, np.int8, numbers)
    graph.initializers[scales] = Initializer(shape[1:], np.float32, scale)
    return integers, scales
