"""ONNX rows of attention; the core of both layers is in attention.py."""

from __future__ import annotations

from nnspec.layers.families.attention import Attention, groups
from nnspec.layers.tensor_type import number
from nnspec.to_onnx.attention import Heads, Masks, Scoring, attend
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(Attention)
def _(layer: Attention, use: LayerUse, graph: Graph) -> str:
    query, key, value = (use.type_of(i) for i in range(3))
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
    given = [(name, type.dtype) for name, type in zip(use.inputs[3:5], use.types[3:5], strict=True) if type]
    seen = tuple(name for name, dtype in given if dtype == "bool")
    added = tuple(name for name, dtype in given if dtype == "float")
    heads = layer.heads(query) if layer.alibi else 0
    masks = Masks(seen, added, layer.causal, layer.window, layer.offset, heads)
    scoring = Scoring(layer.scale, layer.cap, use.inputs[5])
    return attend(use.inputs[0], use.inputs[1], use.inputs[2], sizes, masks, scoring, graph)
