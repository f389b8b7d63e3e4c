"""Rows of what makes less of a tensor: sums, means, extremes; and running sums."""

from __future__ import annotations

from typing import Any

from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer, listed, whole
from nnspec.importing.from_onnx.operators.row import ROWS, row
from nnspec.importing.from_torch.builder import Unsaid, Value


def dims_of(axes: Any, x: Value) -> Any:
    """The dimensions of a reduction; None for all. The last one alone is -1."""
    found = whole(listed(axes, "axes"), "axes")
    if not found:
        return None
    dims = [each % x.rank for each in found]
    if len(dims) == x.rank > 1:
        return None
    named = tuple(-1 if each == x.rank - 1 and len(dims) == 1 else each for each in dims)
    return named[0] if len(named) == 1 else named


def reduced(b: GraphBuilder, name: str, x: Value, axes: Any, keepdims: int, noop: int) -> Value:
    """A reduction along some dimensions."""
    found = whole(listed(axes, "axes"), "axes")
    if noop and not found:
        return x
    if x.rank == 0:
        return x
    if x.type.dtype == "bool":
        x = b(layer("Cast", dtype="int"), x)
    dim = dims_of(axes, x)
    if dim is None and keepdims:
        dim = tuple(range(x.rank)) if x.rank > 1 else -1
    if name == "Prod" and isinstance(dim, tuple):  # it goes along one dimension
        for each in sorted((each % x.rank for each in dim), reverse=True):
            x = b(layer(name, dim=each, keepdim=bool(keepdims) or None), x)
        return x
    return b(layer(name, dim=dim, keepdim=bool(keepdims) or None), x)


def _reduction(name: str, before: str | None = None, after: str | None = None) -> Any:
    def apply(b: GraphBuilder, x: Any, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
        x = b.tensor(x)
        kind, before_it = name, before
        if before_it is not None:
            x = b(layer(before_it), x)
        whole_mean = kind in ("Mean", "LogSumExp") and x.type.dtype == "int"
        x = b(layer("Cast", dtype="float"), x) if whole_mean else x
        made = reduced(b, kind, x, axes, keepdims, noop_with_empty_axes)
        made = b(layer("Cast", dtype="int"), made) if whole_mean else made
        return made if after is None else b(layer(after), made)

    return apply


for _operator, _row in {
    "ReduceSum": _reduction("Sum"), "ReduceMean": _reduction("Mean"), "ReduceMax": _reduction("Max"),
    "ReduceMin": _reduction("Min"), "ReduceProd": _reduction("Prod"), "ReduceLogSumExp": _reduction("LogSumExp"),
    "ReduceL1": _reduction("Sum", "Abs"), "ReduceL2": _reduction("Sum", "Square", "Sqrt"),
    "ReduceLogSum": _reduction("Sum", None, "Log"), "ReduceSumSquare": _reduction("Sum", "Square"),
}.items():  # fmt: skip
    ROWS[_operator] = _row


@row("ReduceMax", "ReduceMin")
def _(b: GraphBuilder, x: Any, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Value:
    x = b.tensor(x)
    assert b.node is not None
    greatest = b.node.operator == "ReduceMax"
    if x.type.dtype != "bool":
        return reduced(b, "Max" if greatest else "Min", x, axes, keepdims, noop_with_empty_axes)
    dim = dims_of(axes, x)
    dim = tuple(range(x.rank)) if dim is None else dim
    return b(layer("Any" if greatest else "All", dim=dim, keepdim=bool(keepdims) or None), x)


@row("ArgMax", "ArgMin")
def _(b: GraphBuilder, x: Any, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Value:
    x = b.tensor(x)
    assert b.node is not None
    dim = -1 if axis % x.rank == x.rank - 1 else axis % x.rank
    if not select_last_index:
        return b(layer(b.node.operator, dim=dim, keepdim=bool(keepdims) or None), x)
    size = x.shape[dim]
    found = b(layer(b.node.operator, dim=dim, keepdim=bool(keepdims) or None), b(layer("Flip", dims=dim), x))
    if not isinstance(size, int):
        raise Unsaid("it takes the last of equal ones along a dimension of open size")
    return b(layer("Subtract", scalar=size - 1, scalar_first=True), found)


@row("CumSum", "CumProd")
def _(b: GraphBuilder, x: Any, axis: Any, exclusive: int = 0, reverse: int = 0) -> Value:
    x = b.tensor(x)
    assert b.node is not None
    dim = int(constant(axis, "axis").scalar()) % x.rank
    x = b(layer("Flip", dims=dim), x) if reverse else x
    if b.node.operator == "CumSum":
        made = b(layer("CumulativeSum", dim=dim), x)
        made = b(layer("Subtract"), made, x) if exclusive else made
    else:
        if exclusive:
            neutral = b(layer("Ones", shape=(*x.shape[:dim], 1, *x.shape[dim + 1 :]), dtype=x.type.dtype))
            part = b(layer("Slice", dim=dim, end=-1), x)
            x = b(layer("Concat", dim=dim), neutral, part)
        made = b(layer("CumulativeProduct", dim=dim), x)
    return b(layer("Flip", dims=dim), made) if reverse else made
