"""ONNX rows of attention; the core of both layers is in attention.py."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.base import TensorType, number
from nnspec.layers.families.attention import Attention, MultiheadAttention, groups
from nnspec.to_onnx.attention import Heads, Masks, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


@row(Attention)
def _(layer: Attention, call: Call, graph: Graph) -> str:
    query, key, value = (call.type_of(i) for i in range(3))
    *before, time, features = query.shape
    at = 1 if query.rank > 3 else 0
    sizes = Heads(
        tuple(before[: len(before) - at]),
        tuple(before[len(before) - at :]),
        groups(query, key),
        time,
        key.shape[-2],
        number(features, "d"),
        value.shape[-1],
    )
    given = [(name, type.dtype) for name, type in zip(call.inputs[3:], call.types[3:], strict=True) if type]
    seen = tuple(name for name, dtype in given if dtype == "bool")
    added = tuple(name for name, dtype in given if dtype == "float")
    masks = Masks(seen, added, layer.causal, layer.window)
    return attend(call.inputs[0], call.inputs[1], call.inputs[2], sizes, masks, layer.scale, graph)


@row(MultiheadAttention)
def _(layer: MultiheadAttention, call: Call, graph: Graph) -> str:
    types = layer.operands(*call.types)  # type: ignore[arg-type]
    (batch, time, features), (_, length, _) = types[0].shape, types[1].shape
    heads, size = layer.num_heads, layer.head_size(types[0])
    query, key, value = (_heads(name, heads, size, graph) for name in _projected(layer, call, graph))
    sizes = Heads((batch,), (heads,), 1, time, length, size, size)
    masks = _masks(layer, call, sizes, graph)
    merged = graph.node("Transpose", [attend(query, key, value, sizes, masks, None, graph)], perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", [merged, graph.constant([0, 0, features])])
    out = graph.node("MatMul", [joined, graph.transposed(call.weights["out_proj.weight"])])
    if layer.bias:
        out = graph.node("Add", [out, call.weights["out_proj.bias"]])
    return out if layer.batch_first else graph.node("Transpose", [out], perm=[1, 0, 2])


def _heads(name: str, heads: int, size: int, graph: Graph) -> str:
    """[N, T, heads * size] as [N, heads, T, size]."""
    split = graph.node("Reshape", [name, graph.constant([0, 0, heads, size])])
    return graph.node("Transpose", [split], perm=[0, 2, 1, 3])


def _projected(layer: MultiheadAttention, call: Call, graph: Graph) -> list[str]:
    """Query, key and value, [N, T, D] each; what comes from one tensor by one weight is one matrix product."""
    query, key, value = call.inputs[:3]
    names = [query, key or query, value or key or query]
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
    return made


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


def _masks(layer: MultiheadAttention, call: Call, sizes: Heads, graph: Graph) -> Masks:
    """The masks of torch, which are true where a key may not be seen, for the core."""
    made: dict[str, list[str]] = {"bool": [], "float": []}
    for index in (3, 4):
        given = call.types[index]
        if given is not None:
            made[given.dtype].append(_mask(call.inputs[index], given, index == 3, sizes, graph))
    return Masks(tuple(made["bool"]), tuple(made["float"]), layer.causal)


def _mask(name: str, given: TensorType, padding: bool, sizes: Heads, graph: Graph) -> str:
    """A mask as one that stretches to [N, heads, T, S], true where a key may be seen; made once for all layers."""

    def make() -> str:
        seen = graph.node("Not", [name]) if given.dtype == "bool" else name
        if padding:  # [N, S]
            return graph.node("Unsqueeze", [seen, graph.constant([1, 2])])
        wanted: tuple[Size, ...] = (*sizes.batch, *sizes.heads, sizes.time, sizes.length)
        return graph.reshape(seen, given.shape, wanted) if given.rank == 3 else seen

    return graph.once(("mask", name, padding, sizes.heads), make)
