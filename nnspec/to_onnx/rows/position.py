"""ONNX row of sinusoidal positions, and what it shares with rotary ones."""

from __future__ import annotations

import numpy as np

from nnspec.dims import Size
from nnspec.layers.families.position import SinusoidalEmbedding
from nnspec.layers.tensor_type import number
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast
from nnspec.to_onnx.row import LayerUse, row


@row(SinusoidalEmbedding)
def _(layer: SinusoidalEmbedding, use: LayerUse, graph: Graph) -> str:
    half, given = layer.embedding_dim // 2, use.type_of()
    frequencies = layer.base ** (-np.arange(half) / (half - layer.freq_shift))
    positions = cast(use.inputs[0], given.dtype, "float", graph)
    made = angles(positions, graph.constant(frequencies, np.float32), graph)
    waves = [graph.node("Sin", [made]), graph.node("Cos", [made])]
    waves = waves[::-1] if layer.cosine_first else waves
    if not layer.interleaved:
        return graph.node("Concat", waves, axis=-1)
    return interleaved(waves, (*given.shape, half), graph)


def angles(positions: str, frequencies: str, graph: Graph) -> str:
    """The positions, each times every frequency."""
    placed = graph.node("Unsqueeze", [positions, graph.constant([-1])])
    return graph.node("Mul", [placed, frequencies])


def interleaved(halves: list[str], shape: tuple[Size, ...], graph: Graph) -> str:
    """Two tensors of one shape, element by element in turn along the last dimension."""
    pairs = [graph.node("Unsqueeze", [half, graph.constant([-1])]) for half in halves]
    last = number(shape[-1], "the number of pairs")
    return graph.reshape(graph.node("Concat", pairs, axis=-1), (*shape, 2), (*shape[:-1], 2 * last))
