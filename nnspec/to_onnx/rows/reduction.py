"""ONNX rows of the reductions."""

from __future__ import annotations

import numpy as np

from nnspec.dims import product
from nnspec.layers.base import Layer
from nnspec.layers.families.reduction import (
    All,
    Any,
    ArgMax,
    ArgMin,
    CumulativeProduct,
    CumulativeSum,
    LogSumExp,
    Max,
    Mean,
    Min,
    Norm,
    Prod,
    StandardDeviation,
    Sum,
    Variance,
)
from nnspec.layers.tensor_type import axis
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, reduce, scalar
from nnspec.to_onnx.products import products
from nnspec.to_onnx.row import LayerUse, row
from nnspec.to_onnx.whole_numbers import Which, extreme_along

REDUCTIONS: dict[type[Layer], str] = {
    Sum: "ReduceSum",
    Mean: "ReduceMean",
    Max: "ReduceMax",
    Min: "ReduceMin",
    LogSumExp: "ReduceLogSumExp",
}


@row(Sum, Mean, Max, Min, LogSumExp)
def _(layer: Sum | Mean | Max | Min | LogSumExp, use: LayerUse, graph: Graph) -> str:
    if isinstance(layer, (Max, Min)) and use.type_of().dtype == "int":
        which: Which = "Max" if isinstance(layer, Max) else "Min"
        return extreme_along(which, use.inputs[0], layer.axes(use.type_of()), layer.keepdim, graph)
    return reduce(REDUCTIONS[type(layer)], use.inputs[0], layer.axes(use.type_of()), layer.keepdim, graph)


@row(All, Any)
def _(layer: All | Any, use: LayerUse, graph: Graph) -> str:
    op = "ReduceMin" if isinstance(layer, All) else "ReduceMax"
    number = cast(use.inputs[0], "bool", "float", graph)
    return cast(reduce(op, number, layer.axes(use.type_of()), layer.keepdim, graph), "float", "bool", graph)


@row(Norm)
def _(layer: Norm, use: LayerUse, graph: Graph) -> str:
    return reduce(f"ReduceL{layer.p}", use.inputs[0], layer.axes(use.type_of()), layer.keepdim, graph)


@row(Variance, StandardDeviation)
def _(layer: Variance | StandardDeviation, use: LayerUse, graph: Graph) -> str:
    axes = layer.axes(use.type_of())
    distance = graph.node("Sub", [use.inputs[0], reduce("ReduceMean", use.inputs[0], axes, True, graph)])
    total = reduce("ReduceSumSquare", distance, axes, layer.keepdim, graph)
    count = layer.count(use.type_of()) - (1 if layer.unbiased else 0)
    variance = graph.node("Div", [total, scalar(count, "float", graph)])
    return variance if isinstance(layer, Variance) else graph.node("Sqrt", [variance])


@row(Prod)
def _(layer: Prod, use: LayerUse, graph: Graph) -> str:
    name, given = use.inputs[0], use.type_of()
    axes = tuple(range(given.rank)) if layer.dim is None else (axis(layer.dim, given.rank),)
    if given.dtype == "float" or not axes:
        return reduce("ReduceProd", name, axes, layer.keepdim, graph)
    if layer.dim is None:
        name, given = graph.node("Reshape", [name, graph.constant([-1])]), given.with_shape(product(given.shape))
    whole, _ = products(name, given, axes[0], graph)
    return graph.node("Unsqueeze", [whole, graph.constant(list(axes))]) if layer.keepdim else whole


@row(ArgMax, ArgMin)
def _(layer: ArgMax | ArgMin, use: LayerUse, graph: Graph) -> str:
    name, given = use.inputs[0], use.type_of()
    if layer.dim is not None:
        return graph.node(layer.kind, [name], axis=axis(layer.dim, given.rank), keepdims=int(layer.keepdim))
    flat = graph.node("Reshape", [name, graph.constant([-1])])
    index = graph.node(layer.kind, [flat], axis=0, keepdims=0)
    ones = [1] * use.results[0].rank
    return graph.node("Reshape", [index, graph.constant(ones, np.int64)]) if ones else index


@row(CumulativeSum)
def _(layer: CumulativeSum, use: LayerUse, graph: Graph) -> str:
    return graph.node("CumSum", [use.inputs[0], graph.constant(axis(layer.dim, use.type_of().rank))])


@row(CumulativeProduct)
def _(layer: CumulativeProduct, use: LayerUse, graph: Graph) -> str:
    given = use.type_of()
    return products(use.inputs[0], given, axis(layer.dim, given.rank), graph)[1]
