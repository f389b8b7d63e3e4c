"""ONNX rows of the layers that take parts of a tensor."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.layers.families.indexing import Chunk, Select, Slice, Split, Subscript, Take
from nnspec.layers.tensor_type import axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import AxisSlice, cut
from nnspec.to_onnx.row import LayerUse, row


@row(Take)
def _(layer: Take, use: LayerUse, graph: Graph) -> str:
    return graph.node("Gather", list(use.inputs), axis=axis(layer.dim, use.type_of().rank))


@row(Subscript)
def _(layer: Subscript, use: LayerUse, graph: Graph) -> str:
    cuts: list[AxisSlice] = []
    indices: list[tuple[int, Size]] = []
    new: list[int] = []
    place = 0  # the input's dimension that comes next
    for item in layer.expanded(use.type_of()):
        if item is None:
            new.append(place - len(indices) + len(new))
            continue
        if not isinstance(item, tuple):
            indices.append((place, item))
        elif item[1:] != (None, None, None):
            cuts.append(AxisSlice(place, *item[1:]))
        place += 1
    name = cut(use.inputs[0], cuts, graph)
    name = _pick(name, indices, graph)
    return graph.node("Unsqueeze", [name, graph.constant(new)]) if new else name


def _pick(name: str, indices: list[tuple[int, Size]], graph: Graph) -> str:
    """The tensor without some dimensions, one element of each being taken."""
    if len(indices) == 1 and isinstance(indices[0][1], int):
        return graph.node("Gather", [name, graph.constant(indices[0][1])], axis=indices[0][0])
    if not indices:
        return name
    single = cut(name, [AxisSlice(place, index, None if index == -1 else index + 1) for place, index in indices], graph)
    return graph.node("Squeeze", [single, graph.constant([place for place, _ in indices])])


@row(Slice)
def _(layer: Slice, use: LayerUse, graph: Graph) -> str:
    place = axis(layer.dim, use.type_of().rank)
    return cut(use.inputs[0], [AxisSlice(place, layer.start, layer.end, layer.step)], graph)


@row(Select)
def _(layer: Select, use: LayerUse, graph: Graph) -> str:
    return _pick(use.inputs[0], [(axis(layer.dim, use.type_of().rank), layer.index)], graph)


@row(Split, Chunk)
def _(layer: Split | Chunk, use: LayerUse, graph: Graph) -> str | tuple[str, ...]:
    if len(use.results) == 1:
        return use.inputs[0]
    place = axis(layer.dim, use.type_of().rank)
    sizes = graph.shape(layer.sizes(use.type_of().shape[place]))
    return graph.nodes_out("Split", [use.inputs[0], sizes], len(use.results), axis=place)
