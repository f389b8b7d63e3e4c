"""ONNX rows of the layers that rearrange a tensor."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.axes import Permute, Squeeze, Transpose, Unsqueeze
from nnspec.layers.families.rearranging import Rearrange
from nnspec.layers.families.shape import Flatten, Identity, Reshape, Unflatten
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import Call, row


@row(Identity)
def _(layer: Identity, call: Call, graph: Graph) -> str:
    return call.inputs[0]


@row(Flatten, Unflatten, Reshape)
def _(layer: Layer, call: Call, graph: Graph) -> str:
    return graph.reshape(call.inputs[0], call.type_of().shape, call.results[0].shape)


@row(Permute, Transpose)
def _(layer: Permute | Transpose, call: Call, graph: Graph) -> str:
    return graph.node("Transpose", [call.inputs[0]], perm=list(layer.order(call.type_of())))


@row(Squeeze)
def _(layer: Squeeze, call: Call, graph: Graph) -> str:
    axes = list(layer.axes(call.type_of()))
    return graph.node("Squeeze", [call.inputs[0], graph.constant(axes)]) if axes else call.inputs[0]


@row(Unsqueeze)
def _(layer: Unsqueeze, call: Call, graph: Graph) -> str:
    return graph.node("Unsqueeze", [call.inputs[0], graph.constant([layer.dim])])


@row(Rearrange)
def _(layer: Rearrange, call: Call, graph: Graph) -> str:
    plan = layer.plan(call.type_of())
    name, shape = call.inputs[0], call.type_of().shape
    if plan.split != shape:
        name, shape = graph.reshape(name, shape, plan.split), plan.split
    if plan.order != tuple(range(len(plan.order))):
        name, shape = (
            graph.node("Transpose", [name], perm=list(plan.order)),
            tuple(shape[index] for index in plan.order),
        )
    return name if shape == plan.joined else graph.reshape(name, shape, plan.joined)
