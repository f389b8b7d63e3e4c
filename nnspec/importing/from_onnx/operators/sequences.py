"""Rows of sequences of tensors, whose lengths are known while a file is read: none of them is left in the spec."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.dims import equal
from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer, listed
from nnspec.importing.from_onnx.known import Known, Listed, of_sizes
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid


def _place(position: Any, last: int) -> int:
    """A place in a sequence; `last` is where it is left out."""
    return last if position is None else int(constant(position, "position").scalar())


@row("SequenceConstruct")
def _(b: GraphBuilder, *parts: Any) -> Listed:
    return Listed(parts)


@row("SequenceEmpty")
def _(b: GraphBuilder, dtype: int = 1) -> Listed:
    return Listed(())


@row("SequenceInsert")
def _(b: GraphBuilder, sequence: Listed, tensor: Any, position: Any = None) -> Listed:
    parts = list(sequence.parts)
    parts.insert(_place(position, len(parts)), tensor)
    return Listed(parts)


@row("Optional")
def _(b: GraphBuilder, value: Any = None, type: Any = None) -> Any:
    if value is None:
        raise Unsaid("it holds nothing")
    return value


@row("OptionalGetElement")
def _(b: GraphBuilder, value: Any) -> Any:
    return value


@row("OptionalHasElement")
def _(b: GraphBuilder, value: Any = None) -> Known:
    return Known(np.array(value is not None))


@row("SequenceErase")
def _(b: GraphBuilder, sequence: Listed, position: Any = None) -> Listed:
    parts = list(sequence.parts)
    del parts[_place(position, -1)]
    return Listed(parts)


@row("SequenceAt")
def _(b: GraphBuilder, sequence: Listed, position: Any) -> Any:
    return sequence.parts[_place(position, 0)]


@row("SequenceLength")
def _(b: GraphBuilder, sequence: Listed) -> Known:
    return Known(of_sizes(len(sequence.parts)))


@row("ConcatFromSequence")
def _(b: GraphBuilder, sequence: Listed, axis: int, new_axis: int = 0) -> Any:
    values = [b.tensor(each) for each in sequence.parts]
    if new_axis:
        return b(layer("Stack", dim=axis % (values[0].rank + 1)), *values)
    return values[0] if len(values) == 1 else b(layer("Concat", dim=axis % values[0].rank), *values)


@row("SplitToSequence")
def _(b: GraphBuilder, x: Any, split: Any = None, axis: int = 0, keepdims: int = 1) -> Listed:
    x = b.tensor(x)
    dim = axis % x.rank
    size = x.shape[dim]
    if split is not None and constant(split, "split").rank:
        sizes = listed(split, "split") or ()
    elif isinstance(size, int):
        step = 1 if split is None else int(split.scalar())
        sizes = tuple(min(step, size - start) for start in range(0, size, step))
    else:
        raise Unsaid("how many parts it makes depends on the size of an input")
    sections = len(sizes) if all(equal(each, sizes[0]) for each in sizes) else tuple(sizes)
    parts = b.all(layer("Split", sections=sections, dim=dim), x) if len(sizes) > 1 else (x,)
    if split is None and not keepdims:
        parts = tuple(b(layer("Squeeze", dim=dim), each) for each in parts)
    return Listed(parts)
