"""ONNX rows of attention to a memory; the core is in attention.py, the projections in multihead.py."""

from __future__ import annotations

from nnspec.layers.families.memory_attention import MemoryAttention, MemoryKeys
from nnspec.to_onnx.attention import Heads, Scoring, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.multihead import joined, projected, torch_masks
from nnspec.to_onnx.row import LayerUse, row


@row(MemoryKeys)
def _(layer: MemoryKeys, use: LayerUse, graph: Graph) -> tuple[str, ...]:
    key, value = use.inputs
    return tuple(projected({1: key, 2: value or key}, layer.embed_dim, layer, use, graph))


@row(MemoryAttention)
def _(layer: MemoryAttention, use: LayerUse, graph: Graph) -> str:
    (query,) = projected({0: use.inputs[0]}, layer.embed_dim, layer, use, graph)
    batch, time, _ = layer.operands(use.type_of())[0].shape
    length = use.type_of(1).shape[2]
    sizes = Heads((batch,), (layer.num_heads,), 1, time, length, layer.size, layer.size)
    masks = torch_masks(use, False, sizes, graph)
    return joined(attend(query, use.inputs[1], use.inputs[2], sizes, masks, Scoring(), graph), layer, use, graph)
