"""The greater and the smaller of whole numbers, by comparison and choice.

onnxruntime's Max, Min, Clip, ReduceMax and ReduceMin go wrong with int64 beyond 32 bits (seen in 1.31); Greater, Where
and ArgMax do not.
"""

from __future__ import annotations

from typing import Literal

from nnspec.to_onnx.graph import Graph

Which = Literal["Max", "Min"]


def extreme(which: Which, left: str, right: str, graph: Graph) -> str:
    """Element by element."""
    first = graph.node("Greater" if which == "Max" else "Less", [left, right])
    return graph.node("Where", [first, left, right])


def extreme_along(which: Which, name: str, axes: tuple[int, ...], keepdim: bool, graph: Graph) -> str:
    """Along dimensions, one after the other."""
    for axis in axes:
        place = graph.node(f"Arg{which}", [name], axis=axis, keepdims=1)
        name = graph.node("GatherElements", [name, place], axis=axis)
    return name if keepdim or not axes else graph.node("Squeeze", [name, graph.constant(list(axes))])
