"""ONNX rows of the paddings: one Pad each."""

from __future__ import annotations

from nnspec.layers.families.padding import (
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
    ConstantPad1d,
    ConstantPad2d,
    ConstantPad3d,
    Pad,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
    from_last,
)
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.padding import MODES, pad
from nnspec.to_onnx.row import LayerUse, row
from nnspec.weights.arrays import ELEMENT_TYPES


@row(Pad)
def _(layer: Pad, use: LayerUse, graph: Graph) -> str:
    result = use.results[0]
    fill = graph.constant(layer.value, ELEMENT_TYPES[result.dtype]) if layer.value else ""
    return pad(graph, use.inputs[0], result.rank, from_last(layer.padding), MODES[layer.mode], fill)


@row(
    ZeroPad1d,
    ZeroPad2d,
    ZeroPad3d,
    ReflectionPad1d,
    ReflectionPad2d,
    ReflectionPad3d,
    ReplicationPad1d,
    ReplicationPad2d,
    ReplicationPad3d,
    CircularPad1d,
    CircularPad2d,
    CircularPad3d,
)
def _(layer: ZeroPad2d, use: LayerUse, graph: Graph) -> str:
    return pad(graph, use.inputs[0], use.results[0].rank, layer.pairs(), MODES[layer.mode])


@row(ConstantPad1d, ConstantPad2d, ConstantPad3d)
def _(layer: ConstantPad2d, use: LayerUse, graph: Graph) -> str:
    fill = graph.constant(layer.value)
    return pad(graph, use.inputs[0], use.results[0].rank, layer.pairs(), fill=fill)
