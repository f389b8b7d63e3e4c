"""ONNX rows of the layers that rearrange a tensor."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.axes import Permute, Squeeze, Transpose, Unsqueeze
from nnspec.layers.families.rearranging import Rearrange
from nnspec.layers.families.shape import Flatten, Identity, Reshape, Unflatten
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse, row


@row(Identity)
def _(layer: Identity, use: LayerUse, graph: Graph) -> str:
    return use.inputs[0]


@row(Flatten, Unflatten, Reshape)
def _(layer: Layer, use: LayerUse, graph: Graph) -> str:
    return graph.reshape(use.inputs[0], use.type_of().shape, use.results[0].shape)


@row(Permute, Transpose)
def _(layer: Permute | Transpose, use: LayerUse, graph: Graph) -> str:
    return graph.node("Transpose", [use.inputs[0]], perm=list(layer.order(use.type_of())))


@row(Squeeze)
def _(layer: Squeeze, use: LayerUse, graph: Graph) -> str:
    axes = list(layer.axes(use.type_of()))
    return graph.node("Squeeze", [use.inputs[0], graph.constant(axes)]) if axes else use.inputs[0]


@row(Unsqueeze)
def _(layer: Unsqueeze, use: LayerUse, graph: Graph) -> str:
    return graph.node("Unsqueeze", [use.inputs[0], graph.constant([layer.dim])])


@row(Rearrange)
def _(layer: Rearrange, use: LayerUse, graph: Graph) -> str:
    plan = layer.plan(use.type_of())
    name, shape = use.inputs[0], use.type_of().shape
    if plan.split != shape:
        name, shape = graph.reshape(name, shape, plan.split), plan.split
    if plan.order != tuple(range(len(plan.order))):
        name, shape = (
            graph.node("Transpose", [name], perm=list(plan.order)),
            tuple(shape[index] for index in plan.order),
        )
    return name if shape == plan.joined else graph.reshape(name, shape, plan.joined)
