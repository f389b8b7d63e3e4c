"""The projections of attention with several heads in ONNX operators, which its layers share."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.layers.base import number
from nnspec.layers.multihead import Multihead
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call


def projected(names: Sequence[str], layer: Multihead, call: Call, graph: Graph) -> list[str]:
    """The heads of query, key and value, [N, heads, T, d] each; what has one source is one matrix product."""
    turned = {name: name if layer.batch_first else graph.node("Transpose", [name], perm=[1, 0, 2]) for name in names}
    features = number(call.type_of().shape[2], "D")
    runs = [[0], [1], [2]]
    if "in_proj_weight" in call.weights:
        runs = [[0, 1, 2]] if len(turned) == 1 else [[0], [1, 2]] if names[1] == names[2] else runs
    made: list[str] = []
    for run in runs:
        product = graph.node("MatMul", [turned[names[run[0]]], _weight(run, features, call, graph)])
        if layer.bias:
            product = graph.node("Add", [product, _bias(run, features, call, graph)])
        many = len(run)
        made += graph.nodes_out("Split", [product], many, axis=2, num_outputs=many) if many > 1 else [product]
    size = features // layer.num_heads
    return [_heads(name, layer.num_heads, size, graph) for name in made]


def joined(heads: str, layer: Multihead, call: Call, graph: Graph) -> str:
    """The result of all heads, [N, heads, T, d], projected to [N, T, D]."""
    merged = graph.node("Transpose", [heads], perm=[0, 2, 1, 3])
    flat = graph.node("Reshape", [merged, graph.constant([0, 0, number(call.type_of().shape[2], "D")])])
    out = graph.node("MatMul", [flat, graph.transposed(call.weights["out_proj.weight"])])
    if layer.bias:
        out = graph.node("Add", [out, call.weights["out_proj.bias"]])
    return out if layer.batch_first else graph.node("Transpose", [out], perm=[1, 0, 2])


def _heads(name: str, heads: int, size: int, graph: Graph) -> str:
    """[N, T, heads * size] as [N, heads, T, size]."""
    split = graph.node("Reshape", [name, graph.constant([0, 0, heads, size])])
    return graph.node("Transpose", [split], perm=[0, 2, 1, 3])


def _weight(run: list[int], features: int, call: Call, graph: Graph) -> str:
    """The weight of some of the projections, [D_in, n * D]."""
    packed = call.weights.get("in_proj_weight")
    if packed is None:
        return graph.transposed(call.weights[f"{'qkv'[run[0]]}_proj_weight"])
    if len(run) == 3:
        return graph.transposed(packed)
    start, end = run[0] * features, (run[-1] + 1) * features
    return graph.derived(packed, f".{start}:{end}.T", (features, end - start), lambda array: array[start:end].T)


def _bias(run: list[int], features: int, call: Call, graph: Graph) -> str:
    name, start, end = call.weights["in_proj_bias"], run[0] * features, (run[-1] + 1) * features
    if len(run) == 3:
        return name
    return graph.derived(name, f".{start}:{end}", (end - start,), lambda array: array[start:end])
