"""ONNX rows of the layers that order elements; ONNX's TopK keeps the order of equal ones, so it sorts."""

from __future__ import annotations

from nnspec.layers.base import axis
from nnspec.layers.families.ordering import ArgSort, Sort, TopK
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


@row(TopK)
def _(layer: TopK, call: Call, graph: Graph) -> tuple[str, ...]:
    order = {"largest": int(layer.largest), "sorted": int(layer.sorted)}
    place = axis(layer.dim, call.type_of().rank)
    return graph.nodes_out("TopK", [call.inputs[0], graph.size(layer.k)], 2, axis=place, **order)


@row(Sort, ArgSort)
def _(layer: Sort | ArgSort, call: Call, graph: Graph) -> str | tuple[str, ...]:
    given = call.type_of()
    place = axis(layer.dim, given.rank)
    every, order = graph.size(given.shape[place]), {"largest": int(layer.descending), "sorted": 1}
    values, indices = graph.nodes_out("TopK", [call.inputs[0], every], 2, axis=place, **order)
    return (values, indices) if isinstance(layer, Sort) else indices
