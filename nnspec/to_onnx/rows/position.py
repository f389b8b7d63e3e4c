"""ONNX rows of positions; the waves of a rotation are made once for all layers that turn alike."""

from __future__ import annotations

import numpy as np

from nnspec.dims import Size
from nnspec.layers.base import number
from nnspec.layers.families.position import RotaryEmbedding, SinusoidalEmbedding
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import END, AxisSlice, cast, counted, cut
from nnspec.to_onnx.row import Call, row
from nnspec.weights.arrays import Array


@row(SinusoidalEmbedding)
def _(layer: SinusoidalEmbedding, call: Call, graph: Graph) -> str:
    half, given = layer.embedding_dim // 2, call.type_of()
    frequencies = layer.base ** (-np.arange(half) / (half - layer.freq_shift))
    angles = _angles(cast(call.inputs[0], given.dtype, "float", graph), frequencies, graph)
    waves = [graph.node("Sin", [angles]), graph.node("Cos", [angles])]
    waves = waves[::-1] if layer.cosine_first else waves
    if not layer.interleaved:
        return graph.node("Concat", waves, axis=-1)
    return _interleaved(waves, (*given.shape, half), graph)


@row(RotaryEmbedding)
def _(layer: RotaryEmbedding, call: Call, graph: Graph) -> str:
    given = call.type_of()
    features, x = number(given.shape[-1], "d"), call.inputs[0]
    cosine, sine = (_wave(op, layer, call, graph) for op in ("Cos", "Sin"))
    if layer.interleaved:
        left, right = (cut(x, [AxisSlice(given.rank - 1, start, END, 2)], graph) for start in (0, 1))
    else:
        left, right = graph.nodes_out("Split", [x], 2, axis=-1, num_outputs=2)
    turned = [
        graph.node("Sub", [graph.node("Mul", [left, cosine]), graph.node("Mul", [right, sine])]),
        graph.node("Add", [graph.node("Mul", [right, cosine]), graph.node("Mul", [left, sine])]),
    ]
    if not layer.interleaved:
        return graph.node("Concat", turned, axis=-1)
    return _interleaved(turned, (*given.shape[:-1], features // 2), graph)


def _wave(op: str, layer: RotaryEmbedding, call: Call, graph: Graph) -> str:
    """Cosines or sines, [T, d/2] or [N, 1, T, d/2]."""
    given, positions = call.type_of(), call.types[1]
    features, time = number(given.shape[-1], "d"), given.shape[-2]
    frequencies = _scaled(layer.base ** (-np.arange(0, features, 2) / features), layer.scaling)

    def places() -> str:
        if positions is None:
            return cast(counted(layer.offset, layer.offset + time, graph), "int", "float", graph)
        name = cast(call.inputs[1], positions.dtype, "float", graph)
        return name if positions.rank == 1 else graph.node("Unsqueeze", [name, graph.constant([1])])

    key = ("rotary", layer.base, layer.scaling, features, call.inputs[1] or (layer.offset, time))
    angles = graph.once(key, lambda: _angles(places(), frequencies, graph))
    return graph.once((op, angles), lambda: graph.node(op, [angles]))


def _scaled(frequencies: Array, scaling: tuple[float, float, float, float] | None) -> Array:
    """Frequencies as Llama 3.1 changes them: long waves turn slower."""
    if scaling is None:
        return frequencies
    factor, low, high, length = scaling
    kept = np.clip((length * frequencies / (2 * np.pi) - low) / (high - low), 0, 1)
    return np.asarray(frequencies * (kept + (1 - kept) / factor))


def _angles(positions: str, frequencies: Array, graph: Graph) -> str:
    """The positions, each times every frequency."""
    placed = graph.node("Unsqueeze", [positions, graph.constant([-1])])
    return graph.node("Mul", [placed, graph.constant(frequencies, np.float32)])


def _interleaved(halves: list[str], shape: tuple[Size, ...], graph: Graph) -> str:
    """Two tensors of one shape, element by element in turn along the last dimension."""
    pairs = [graph.node("Unsqueeze", [half, graph.constant([-1])]) for half in halves]
    last = number(shape[-1], "the number of pairs")
    return graph.reshape(graph.node("Concat", pairs, axis=-1), (*shape, 2), (*shape[:-1], 2 * last))
