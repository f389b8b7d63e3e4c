"""ONNX rows of the layers that order elements; ONNX's TopK keeps the order of equal ones, so it sorts."""

from __future__ import annotations

from nnspec.layers.families.ordering import ArgSort, Sort, TopK
from nnspec.layers.tensor_type import axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(TopK)
def _(layer: TopK, use: LayerUse, graph: Graph) -> tuple[str, ...]:
    order = {"largest": int(layer.largest), "sorted": int(layer.sorted)}
    place = axis(layer.dim, use.type_of().rank)
    return graph.nodes_out("TopK", [use.inputs[0], graph.size(layer.k)], 2, axis=place, **order)


@row(Sort, ArgSort)
def _(layer: Sort | ArgSort, use: LayerUse, graph: Graph) -> str | tuple[str, ...]:
    given = use.type_of()
    place = axis(layer.dim, given.rank)
    every, order = graph.size(given.shape[place]), {"largest": int(layer.descending), "sorted": 1}
    values, indices = graph.nodes_out("TopK", [use.inputs[0], every], 2, axis=place, **order)
    return (values, indices) if isinstance(layer, Sort) else indices
