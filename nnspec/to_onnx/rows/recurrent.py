"""ONNX rows of the recurrent layers: the operators of the same names, one a layer, both directions in one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nnspec.layers.families.recurrent import GRU, LSTM, RNN
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.projected_lstm import INT32, Direction, LstmSizes, projected_lstm
from nnspec.to_onnx.row import LayerUse, row
from nnspec.weights.arrays import Array

# Where torch's gates stand in ONNX's order: torch has i, f, g, o and ONNX i, o, f, c; torch r, z, n and ONNX z, r, h.
GATES = {1: (0,), 3: (1, 0, 2), 4: (0, 3, 1, 2)}


@row(RNN, GRU, LSTM)
def _(layer: RNN | GRU | LSTM, use: LayerUse, graph: Graph) -> tuple[str, ...]:
    value, *states, lengths = use.inputs
    if layer.batch_first:
        value = graph.node("Transpose", [value], perm=[1, 0, 2])
    starts = [_split(name, layer, graph) for name in states]
    lengths = lengths and graph.node("Cast", [lengths], to=INT32)
    finals: list[tuple[str, ...]] = []
    one_layer = _operator if layer.output_size == layer.hidden_size else _projected
    for index, suffixes in enumerate(layer.suffixes()):
        value, *final = one_layer(value, [start[index] for start in starts], lengths, suffixes, layer, use, graph)
        finals.append(tuple(final))
    if layer.batch_first:
        value = graph.node("Transpose", [value], perm=[1, 0, 2])
    return value, *(_concatenated(states, graph) for states in zip(*finals, strict=True))


def _operator(
    value: str,
    starts: list[str],
    lengths: str,
    suffixes: Sequence[str],
    layer: RNN | GRU | LSTM,
    use: LayerUse,
    graph: Graph,
) -> list[str]:
    """The output of one layer and its last states, by ONNX's operator."""
    weights = [_stacked(name, suffixes, layer, use, graph) for name in ("weight_ih", "weight_hh")]
    inputs = [value, *weights, _biases(suffixes, layer, use, graph), lengths, *starts]
    output, *states = graph.nodes_out(layer.kind, inputs, len(use.results), **_attributes(layer))
    return [_joined(output, layer, graph), *states]


def _projected(
    value: str,
    starts: list[str],
    lengths: str,
    suffixes: Sequence[str],
    layer: RNN | GRU | LSTM,
    use: LayerUse,
    graph: Graph,
) -> list[str]:
    """The output of one layer and its last states, one Scan a direction."""
    time, batch = layer.time_and_batch(use.type_of())
    sizes = LstmSizes(time, batch, layer.output_size, layer.hidden_size)
    made: list[tuple[str, str, str]] = []
    for place, suffix in enumerate(suffixes):
        weights = Direction(*(use.weights.get(f"{name}_{suffix}", "") for name in Direction.record_fields))
        state, cell = (start and graph.node("Gather", [start, graph.constant(place)], axis=0) for start in starts)
        made.append(projected_lstm(value, (state, cell), lengths, weights, sizes, place == 1, graph))
    outputs, *states = (list(names) for names in zip(*made, strict=True))
    joined = outputs[0] if len(outputs) == 1 else graph.node("Concat", outputs, axis=-1)
    stacked = [[graph.node("Unsqueeze", [name, graph.constant([0])]) for name in names] for names in states]
    return [joined, *(_concatenated(names, graph) for names in stacked)]


def _attributes(layer: RNN | GRU | LSTM) -> dict[str, object]:
    activation = ["Relu"] * layer.directions if isinstance(layer, RNN) and layer.nonlinearity == "relu" else None
    return {
        "hidden_size": layer.hidden_size,
        "direction": "bidirectional" if layer.bidirectional else "forward",
        "activations": activation,
        "linear_before_reset": 1 if isinstance(layer, GRU) else None,
    }


def _stacked(name: str, suffixes: Sequence[str], layer: RNN | GRU | LSTM, use: LayerUse, graph: Graph) -> str:
    """The matrices of the directions of a layer, [directions, gates * hidden, features]."""
    keys = [use.weights[f"{name}_{suffix}"] for suffix in suffixes]
    sources = [graph.initializers[key] for key in keys]
    shape = (len(keys), *sources[0].shape)
    return graph.derived(
        keys[0], ".onnx", shape, lambda _: np.stack([_reordered(source.make(), layer.gates) for source in sources])
    )


def _biases(suffixes: Sequence[str], layer: RNN | GRU | LSTM, use: LayerUse, graph: Graph) -> str:
    """Both biases of the directions of a layer, [directions, 2 * gates * hidden]; "" where there are none."""
    if not layer.bias:
        return ""
    keys = [(use.weights[f"bias_ih_{suffix}"], use.weights.get(f"bias_hh_{suffix}")) for suffix in suffixes]
    sources = [[graph.initializers[key] if key else None for key in pair] for pair in keys]
    rows = layer.gates * layer.hidden_size

    def make(_: Array) -> Array:
        halves = [[np.zeros(rows, np.float32) if one is None else one.make() for one in pair] for pair in sources]
        return np.stack([np.concatenate([_reordered(half, layer.gates) for half in pair]) for pair in halves])

    return graph.derived(keys[0][0], ".onnx", (len(keys), 2 * rows), make)


def _reordered(array: Array, gates: int) -> Array:
    """The rows of a weight with its gates in ONNX's order."""
    blocks = np.split(array, gates)
    return np.concatenate([blocks[gate] for gate in GATES[gates]])


def _split(state: str, layer: RNN | GRU | LSTM, graph: Graph) -> Sequence[str]:
    """An initial state of every layer; "", which is zero, where none is given."""
    if not state or layer.num_layers == 1:
        return [state] * layer.num_layers
    sizes = graph.constant([layer.directions] * layer.num_layers)
    return graph.nodes_out("Split", [state, sizes], layer.num_layers, axis=0)


def _joined(output: str, layer: RNN | GRU | LSTM, graph: Graph) -> str:
    """[T, directions, N, hidden] as [T, N, directions * hidden]."""
    if not layer.bidirectional:
        return graph.node("Squeeze", [output, graph.constant([1])])
    turned = graph.node("Transpose", [output], perm=[0, 2, 1, 3])
    return graph.node("Reshape", [turned, graph.constant([0, 0, 2 * layer.output_size])])


def _concatenated(states: Sequence[str], graph: Graph) -> str:
    return states[0] if len(states) == 1 else graph.node("Concat", list(states), axis=0)
