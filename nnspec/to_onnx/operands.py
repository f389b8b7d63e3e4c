"""Operands that several rows share: casts, numbers, the operands of an operator, slices, reductions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnspec.dims import Expression, Size
from nnspec.layers.arithmetic import Combining
from nnspec.layers.tensor_type import DType
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.row import LayerUse
from nnspec.weights.arrays import ELEMENT_TYPES

CODES: dict[DType, int] = {"float": 1, "int": 7, "bool": 9}  # onnx.TensorProto.FLOAT, INT64, BOOL
END = 2**63 - 1  # as the end of a slice: to the last element


def cast(name: str, have: DType, want: DType, graph: Graph) -> str:
    """The tensor with another element type."""
    return name if have == want else graph.node("Cast", [name], to=CODES[want])


def scalar(value: int | float | Expression, dtype: DType, graph: Graph) -> str:
    """A number as a tensor without dimensions."""
    if not isinstance(value, Expression):
        return graph.constant(value, ELEMENT_TYPES[dtype])
    return cast(graph.node("Squeeze", [graph.size(value)]), "int", dtype, graph)


def counted(start: Size, end: Size, graph: Graph, step: int = 1) -> str:
    """The whole numbers from `start` up to `end`, which is not included."""
    return graph.node("Range", [scalar(bound, "int", graph) for bound in (start, end, step)])


def operands(layer: Combining, use: LayerUse, graph: Graph, dtype: DType) -> list[str]:
    """The operands in order, all of one element type."""
    tensors = [
        cast(name, given.dtype, dtype, graph)
        for name, given in zip(use.inputs, use.types, strict=True)
        if name and given is not None
    ]
    if layer.scalar is None:
        return tensors
    number = scalar(layer.scalar, dtype, graph)
    return [number, *tensors] if layer.scalar_first else [*tensors, number]


class AxisSlice:
    """A slice of one dimension, as numpy has it."""

    def __init__(self, axis: int, start: Size | None, stop: Size | None, step: int | None = None) -> None:
        self.axis = axis
        self.start: Size = 0 if start is None else start
        self.stop: Size = END if stop is None else stop
        self.step = step or 1


def cut(name: str, cuts: Sequence[AxisSlice], graph: Graph) -> str:
    """The part of a tensor that slices of some dimensions leave."""
    if not cuts:
        return name
    starts, stops = graph.shape([cut.start for cut in cuts]), graph.shape([cut.stop for cut in cuts])
    axes = graph.constant([cut.axis for cut in cuts], np.int64)
    steps = [cut.step for cut in cuts]
    written = [name, starts, stops, axes, *([graph.constant(steps, np.int64)] if set(steps) != {1} else [])]
    return graph.node("Slice", written)


def reduce(op: str, name: str, axes: tuple[int, ...], keepdim: bool, graph: Graph) -> str:
    """A reduction of some dimensions; of none, all of a tensor without dimensions."""
    given: list[Any] = [name, graph.constant(list(axes), np.int64)] if axes else [name]
    return graph.node(op, given, keepdims=int(keepdim))
