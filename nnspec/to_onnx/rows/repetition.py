"""ONNX rows of the layers that repeat a tensor's elements or turn them around."""

from __future__ import annotations

from nnspec.dims import Size, bounds
from nnspec.layers.families.repetition import Expand, Flip, RepeatInterleave, Roll, Tile
from nnspec.layers.tensor_type import axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import AxisSlice, cut, scalar
from nnspec.to_onnx.row import LayerUse, row


@row(Tile)
def _(layer: Tile, use: LayerUse, graph: Graph) -> str:
    name, rank = use.inputs[0], use.type_of().rank
    new = len(layer.dims) - rank
    if new > 0:
        name = graph.node("Unsqueeze", [name, graph.constant(list(range(new)))])
    return graph.node("Tile", [name, graph.shape((1,) * -new + layer.dims)])


@row(RepeatInterleave)
def _(layer: RepeatInterleave, use: LayerUse, graph: Graph) -> str:
    shape = use.type_of().shape
    place = axis(layer.dim, len(shape)) + 1
    beside = graph.node("Unsqueeze", [use.inputs[0], graph.constant([place])])
    stretched = (*(1,) * place, layer.repeats, *(1,) * (len(shape) - place))
    repeated = graph.node("Expand", [beside, graph.shape(stretched)])
    return graph.reshape(repeated, (*shape[:place], layer.repeats, *shape[place:]), use.results[0].shape)


@row(Expand)
def _(layer: Expand, use: LayerUse, graph: Graph) -> str:
    # in ONNX a 1 keeps a size
    return graph.node("Expand", [use.inputs[0], graph.shape([1 if size == -1 else size for size in layer.shape])])


@row(Roll)
def _(layer: Roll, use: LayerUse, graph: Graph) -> str:
    name = use.inputs[0]
    for place, shift in layer.moves(use.type_of()):
        name = _roll(name, place, shift, use.type_of().shape[place], graph)
    return name


def _roll(name: str, place: int, shift: int, size: Size, graph: Graph) -> str:
    if isinstance(size, int):
        shift %= size
    if shift == 0:
        return name
    if abs(shift) <= bounds(size)[0]:
        parts = [cut(name, [AxisSlice(place, -shift, None)], graph), cut(name, [AxisSlice(place, None, -shift)], graph)]
        return graph.node("Concat", parts, axis=place)
    length = scalar(size, "int", graph)  # the shift may go round several times
    places = graph.node("Range", [graph.constant(0), length, graph.constant(1)])
    wrapped = graph.node("Mod", [graph.node("Sub", [places, graph.constant(shift)]), length])
    return graph.node("Gather", [name, wrapped], axis=place)


@row(Flip)
def _(layer: Flip, use: LayerUse, graph: Graph) -> str:
    return cut(use.inputs[0], [AxisSlice(place, -1, -(2**63), -1) for place in layer.axes(use.type_of())], graph)
