"""ONNX rows of attention; the core of both layers is in attention.py."""

from __future__ import annotations

from nnspec.layers.base import number
from nnspec.layers.families.attention import Attention, MultiheadAttention, groups
from nnspec.to_onnx.attention import Heads, Masks, Scoring, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.multihead import joined, projected, torch_masks
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
    sources = {0: own, 1: keys or own, 2: values or keys or own}
    query, key, value = projected(sources, layer.num_heads * size, layer, call, graph)
    sizes = Heads((batch,), (layer.num_heads,), 1, time, length, size, size)
    masks = torch_masks(call, layer.causal, sizes, graph)
    return joined(attend(query, key, value, sizes, masks, Scoring(), graph), layer, call, graph)
