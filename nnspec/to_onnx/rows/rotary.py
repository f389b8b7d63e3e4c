"""ONNX row of rotary positions; the waves are made once for all layers that turn alike."""

from __future__ import annotations

import numpy as np

from nnspec.layers.families.rotary import RotaryEmbedding
from nnspec.layers.tensor_type import TensorType
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import END, AxisSlice, cast, counted, cut, scalar
from nnspec.to_onnx.row import LayerUse, row
from nnspec.to_onnx.rows.position import angles, interleaved


@row(RotaryEmbedding)
def _(layer: RotaryEmbedding, use: LayerUse, graph: Graph) -> str:
    given = use.type_of()
    features, last, x = layer.turning(given), given.rank - 1, use.inputs[0]
    rest = ""
    if features != given.shape[-1]:
        x, rest = cut(x, [AxisSlice(last, 0, features)], graph), cut(x, [AxisSlice(last, features, END)], graph)
    cosine, sine = (_wave(op, layer, use, graph) for op in ("Cos", "Sin"))
    if layer.interleaved:
        left, right = (cut(x, [AxisSlice(last, start, END, 2)], graph) for start in (0, 1))
    else:
        left, right = graph.nodes_out("Split", [x], 2, axis=-1, num_outputs=2)
    turned = [
        graph.node("Sub", [graph.node("Mul", [left, cosine]), graph.node("Mul", [right, sine])]),
        graph.node("Add", [graph.node("Mul", [right, cosine]), graph.node("Mul", [left, sine])]),
    ]
    behind = [rest] if rest else []
    if not layer.interleaved:
        return graph.node("Concat", [*turned, *behind], axis=-1)
    made = interleaved(turned, (*given.shape[:-1], features // 2), graph)
    return graph.node("Concat", [made, rest], axis=-1) if rest else made


def _wave(op: str, layer: RotaryEmbedding, use: LayerUse, graph: Graph) -> str:
    """Cosines or sines, [T, d/2] or [N, 1, T, d/2]."""
    given, positions = use.type_of(), use.types[1]
    features, time = layer.turning(given), given.shape[-2]

    def places() -> str:
        if positions is None:
            return cast(counted(layer.offset, layer.offset + time, graph), "int", "float", graph)
        name = cast(use.inputs[1], positions.dtype, "float", graph)
        return name if positions.rank == 1 else graph.node("Unsqueeze", [name, graph.constant([1])])

    def stretched() -> str:
        wave = graph.node(op, [turned])
        return wave if layer.stretch == 1 else graph.node("Mul", [wave, graph.constant(layer.stretch)])

    alike = layer.model_copy(update={"interleaved": False, "rotary_dim": None, "offset": 0, "attention_factor": None})
    key = ("rotary", alike, features, use.inputs[1] or (layer.offset, time))
    turned = graph.once(key, lambda: angles(places(), _frequencies(layer, features, use, graph), graph))
    return graph.once((op, turned, layer.stretch), stretched)


def _frequencies(layer: RotaryEmbedding, features: int, use: LayerUse, graph: Graph) -> str:
    """The frequencies of the pairs, [d/2]."""
    own = np.array(layer.frequencies(features))
    if not layer.by_length:
        return graph.constant(own, np.float32)
    length, most = _length(layer, use, graph), layer.original_length
    if layer.scaling == "longrope":
        longer = graph.node("Greater", [length, graph.constant(float(most or 1))])
        both = (graph.constant(own / np.array(each), np.float32) for each in (layer.long_factor, layer.short_factor))
        return graph.node("Where", [longer, *both])
    # (base * x) ** -e = base ** -e * x ** -e, and x is 1 where the sequence is short
    factor, first = layer.factor or 1.0, float(most or 1)
    longer = graph.node("Max", [graph.node("Sub", [length, graph.constant(first)]), graph.constant(0.0)])
    more = graph.node("Mul", [longer, graph.constant(factor / first)])
    exponents = -2 * np.arange(features // 2) / (features - 2)
    raised = graph.node("Add", [more, graph.constant(1.0)])
    slower = graph.node("Pow", [raised, graph.constant(exponents, np.float32)])
    return graph.node("Mul", [slower, graph.constant(own, np.float32)])


def _length(layer: RotaryEmbedding, use: LayerUse, graph: Graph) -> str:
    """The length of the sequence, as a float without dimensions."""
    positions: TensorType | None = use.types[1]
    if positions is None:
        return scalar(layer.offset + use.type_of().shape[-2], "float", graph)
    last = graph.node("ReduceMax", [cast(use.inputs[1], positions.dtype, "float", graph)], keepdims=0)
    return graph.node("Add", [last, graph.constant(1.0)])
