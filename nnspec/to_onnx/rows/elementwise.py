"""ONNX rows of the functions of each element."""

from __future__ import annotations

import math

from nnspec.layers.arithmetic import Elementwise
from nnspec.layers.families.elementwise import (
    Abs,
    Cast,
    Ceil,
    Clamp,
    Erf,
    Exp,
    Floor,
    Log,
    Log1p,
    Log2,
    Log10,
    Neg,
    Reciprocal,
    Round,
    Rsqrt,
    Sign,
    Sqrt,
    Square,
)
from nnspec.layers.families.trigonometry import Acos, Asin, Atan, Cos, Cosh, Sin, Sinh, Tan
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import cast, scalar
from nnspec.to_onnx.row import LayerUse, row
from nnspec.to_onnx.whole_numbers import extreme


def _input(use: LayerUse, graph: Graph) -> str:
    """The input with the element type of the result."""
    return cast(use.inputs[0], use.type_of().dtype, use.results[0].dtype, graph)


@row(Exp, Log, Sqrt, Reciprocal, Abs, Neg, Sign, Erf)
@row(Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh)
def _(layer: Elementwise, use: LayerUse, graph: Graph) -> str:
    return graph.node(layer.kind, [_input(use, graph)])


@row(Floor, Ceil, Round)
def _(layer: Elementwise, use: LayerUse, graph: Graph) -> str:
    return use.inputs[0] if use.type_of().dtype == "int" else graph.node(layer.kind, [use.inputs[0]])


@row(Square)
def _(layer: Square, use: LayerUse, graph: Graph) -> str:
    return graph.node("Mul", [use.inputs[0], use.inputs[0]])


@row(Rsqrt)
def _(layer: Rsqrt, use: LayerUse, graph: Graph) -> str:
    return graph.node("Reciprocal", [graph.node("Sqrt", [_input(use, graph)])])


@row(Log2, Log10)
def _(layer: Log2 | Log10, use: LayerUse, graph: Graph) -> str:
    base = 2 if isinstance(layer, Log2) else 10
    return graph.node("Mul", [graph.node("Log", [_input(use, graph)]), graph.constant(1 / math.log(base))])


@row(Log1p)
def _(layer: Log1p, use: LayerUse, graph: Graph) -> str:
    # log(u) * x / (u - 1) with u = 1 + x: the rounding of u cancels (Goldberg 1991, theorem 4)
    x = _input(use, graph)
    one = graph.constant(1.0)
    u = graph.node("Add", [x, one])
    slope = graph.node("Div", [x, graph.node("Sub", [u, one])])
    exact = graph.node("Mul", [graph.node("Log", [u]), slope])
    return graph.node("Where", [graph.node("Equal", [u, one]), x, exact])


@row(Clamp)
def _(layer: Clamp, use: LayerUse, graph: Graph) -> str:
    dtype, bounded = use.results[0].dtype, _input(use, graph)
    if dtype == "int":
        if layer.min is not None:
            bounded = extreme("Max", bounded, scalar(layer.min, dtype, graph), graph)
        return bounded if layer.max is None else extreme("Min", bounded, scalar(layer.max, dtype, graph), graph)
    limits = ["" if limit is None else scalar(limit, dtype, graph) for limit in (layer.min, layer.max)]
    return graph.node("Clip", [bounded, *limits])


@row(Cast)
def _(layer: Cast, use: LayerUse, graph: Graph) -> str:
    return _input(use, graph)
