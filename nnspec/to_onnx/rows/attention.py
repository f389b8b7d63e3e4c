"""ONNX rows of attention; the core of both layers is in attention.py."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.base import TensorType, number
from nnspec.layers.families.attention import Attention, MultiheadAttention, groups
from nnspec.to_onnx.attention import Heads, Masks, Scoring, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.multihead import joined, projected
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
    given = [(name, type.dtype) for name, type in zip(call.inputs[3:5], call.types[3:5], strict=True) if type]
    seen = tuple(name for name, dtype in given if dtype == "bool")
    added = tuple(name for name, dtype in given if dtype == "float")
    heads = layer.heads(query) if layer.alibi else 0
    masks = Masks(seen, added, layer.causal, layer.window, layer.offset, heads)
    scoring = Scoring(layer.scale, layer.cap, call.inputs[5])
    return attend(call.inputs[0], call.inputs[1], call.inputs[2], sizes, masks, scoring, graph)


@row(MultiheadAttention)
def _(layer: MultiheadAttention, call: Call, graph: Graph) -> str:
    types = layer.operands(*call.types)  # type: ignore[arg-type]
    (batch, time, _), (_, length, _) = types[0].shape, types[1].shape
    size = layer.head_size(types[0])
    own, keys, values = call.inputs[:3]
    query, key, value = projected((own, keys or own, values or keys or own), layer, call, graph)
    sizes = Heads((batch,), (layer.num_heads,), 1, time, length, size, size)
    masks = _masks(layer, call, sizes, graph)
    return joined(attend(query, key, value, sizes, masks, Scoring(), graph), layer, call, graph)


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
