"""A mixture of experts in ONNX: the tokens in the order of their experts, cut where the next expert begins.

Every expert stands in the graph and computes with the rows that are its own, which may be none. That is what
onnxruntime runs fastest with standard operators: products of no rows return at once, where an `If` around each expert
costs more than it saves, and a `Loop` over the chosen ones copies their weights (tests/benchmarks/experts.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from nnspec.to_onnx.graph import Graph


def choose_exactly(graph: Graph, chosen: str) -> None:
    """Keep the products that a choice follows from in 32 bits: a little less exact, they would choose other experts."""
    wanted = {chosen}
    for node in reversed(graph.nodes):
        if not wanted or wanted <= graph.inputs.keys() | graph.initializers.keys():
            return
        if not wanted.isdisjoint(node.outputs):
            node.single = True
            wanted.difference_update(node.outputs)
            wanted.update(() if node.op in ("Gemm", "MatMul") else node.reads())


def rows_of_experts(graph: Graph, tokens: str, chosen: str, features: int, experts: int) -> tuple[tuple[str, ...], str]:
    """The rows [rows, features] of each expert, and where in the order of all of them each choice of a token is."""
    choices = graph.node("Reshape", [chosen, graph.constant([1, -1])])
    owned = graph.node("Equal", [graph.constant(np.arange(experts)[:, None]), choices])  # [experts, choices]
    order = graph.node("Gather", [graph.node("NonZero", [owned]), graph.constant(1, np.int64)], axis=0)
    counted = graph.node("Cast", [owned], to=onnx.TensorProto.INT32)  # sums of 64 bits are slow
    counted = graph.node("ReduceSum", [counted, graph.constant([1])], keepdims=0)
    counts = graph.node("Cast", [counted], to=onnx.TensorProto.INT64)
    each = graph.node("Shape", [chosen], start=-1)
    flat = graph.node("Reshape", [tokens, graph.constant([-1, features])])
    rows = graph.node("Gather", [flat, graph.node("Div", [order, each])])
    parts = graph.nodes_out("Split", [rows, counts], experts, axis=0)
    # the number of all choices, not of those that were found: a number that is no expert's is an error
    size = graph.node("Squeeze", [graph.node("Shape", [choices], start=1)])
    numbers = graph.node("Range", [graph.constant(0, np.int64), size, graph.constant(1, np.int64)])
    return parts, graph.node("ScatterElements", [order, order, numbers])


def weighted(graph: Graph, results: Sequence[str], places: str, chosen: str, weights: str, features: int) -> str:
    """The sum of the results for each token, [..., features], each times its weight."""
    rows = graph.node("Gather", [graph.node("Concat", results, axis=0), places])
    shape = graph.node("Concat", [graph.node("Shape", [chosen]), graph.constant([features])], axis=0)
    found = graph.node("Reshape", [rows, shape], allowzero=1)  # [..., k, features]
    axis = graph.constant([-2])
    total = graph.node("MatMul", [graph.node("Unsqueeze", [weights, axis]), found])
    return graph.node("Squeeze", [total, axis])
