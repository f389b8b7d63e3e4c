"""ONNX row of self-attention that goes on; the core is in attention.py, the projections in multihead.py."""

from __future__ import annotations

from nnspec.layers.families.cached_attention import CachedMultiheadAttention
from nnspec.to_onnx.attention import Heads, Masks, Scoring, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.multihead import joined, projected
from nnspec.to_onnx.row import LayerUse, row


@row(CachedMultiheadAttention)
def _(layer: CachedMultiheadAttention, use: LayerUse, graph: Graph) -> tuple[str, ...]:
    own, past_key, past_value = use.inputs
    features = layer.num_heads * layer.head_size(use.type_of())
    query, *grown = projected({0: own, 1: own, 2: own}, features, layer, use, graph)
    key, value = (graph.node("Concat", pair, axis=2) for pair in zip((past_key, past_value), grown, strict=True))
    batch, time, _ = layer.operands(use.type_of())[0].shape
    past, size = use.type_of(1).shape[2:]
    sizes = Heads((batch,), (layer.num_heads,), 1, time, past + time, layer.head_size(use.type_of()), size)
    masks = Masks(causal=True, offset=past)
    return joined(attend(query, key, value, sizes, masks, Scoring(), graph), layer, use, graph), key, value
