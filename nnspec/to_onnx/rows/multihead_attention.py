"""ONNX row of attention of several heads; the core is in attention.py, projections and masks in multihead.py."""

from __future__ import annotations

from nnspec.layers.families.multihead_attention import MultiheadAttention
from nnspec.to_onnx.attention import Heads, Scoring, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.multihead import joined, projected, torch_masks
from nnspec.to_onnx.row import LayerUse, row


@row(MultiheadAttention)
def _(layer: MultiheadAttention, use: LayerUse, graph: Graph) -> str:
    types = layer.operands(*use.types)  # type: ignore[arg-type]
    (batch, time, _), (_, length, _) = types[0].shape, types[1].shape
    size = layer.head_size(types[0])
    own, keys, values = use.inputs[:3]
    sources = {0: own, 1: keys or own, 2: values or keys or own}
    query, key, value = projected(sources, layer.num_heads * size, layer, use, graph)
    sizes = Heads((batch,), (layer.num_heads,), 1, time, length, size, size)
    masks = torch_masks(use, layer.causal, sizes, graph)
    return joined(attend(query, key, value, sizes, masks, Scoring(), graph), layer, use, graph)
