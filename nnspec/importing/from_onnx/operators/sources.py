"""Rows of what comes from nothing: ranges, filled and random tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.dims import Expression, Size
from nnspec.importing.from_onnx.builder import GraphBuilder, dtype_of, layer, listed, plain
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value


def filled(b: GraphBuilder, shape: tuple[Size, ...], number: Any, dtype: str) -> Value:
    """A tensor of one number."""
    if number in (0, 1) and dtype != "bool":
        return b(layer("Ones" if number else "Zeros", shape=shape, dtype=None if dtype == "float" else dtype))
    kind = {"float": float, "int": int, "bool": bool}[dtype]
    return b(layer("Full", shape=shape, value=kind(number)))


@row("ConstantOfShape")
def _(b: GraphBuilder, shape: Any, value: Any = None) -> Value:
    array = np.zeros(1, np.float32) if value is None else value
    dtype = dtype_of(array.dtype)
    return filled(b, listed(shape, "shape") or (), plain(array.reshape(-1)[0].item(), dtype), dtype)


@row("EyeLike")
def _(b: GraphBuilder, x: Any, dtype: int = 1, k: int = 0) -> Value:
    rows, columns = x.shape if isinstance(x, Value) else x.array.shape
    across = b(layer("Range", end=columns, start=-k if k else None) if not k else layer("Range", end=columns))
    down = b(layer("Unsqueeze", dim=1), b(layer("Range", end=rows)))
    down = b(layer("Add", scalar=k), down) if k else down
    made = b(layer("Equal"), across, down)
    from onnx import helper

    wanted = dtype_of(helper.tensor_dtype_to_np_dtype(dtype))
    return made if wanted == "bool" else b(layer("Cast", dtype=wanted), made)


@row("Range")
def _(b: GraphBuilder, start: Any, limit: Any, delta: Any) -> Value:
    if not all(isinstance(each, Known) for each in (start, limit, delta)):
        raise Unsaid("its length is computed from data")
    first, end, step = (each.scalar() for each in (start, limit, delta))
    is_float = any(isinstance(each, float) for each in (first, end, step))
    if is_float and not all(isinstance(each, Expression) or float(each).is_integer() for each in (first, end, step)):
        raise Unsaid("it counts in fractions")
    first, end, step = (each if isinstance(each, Expression) else int(each) for each in (first, end, step))
    if isinstance(step, Expression) or step < 1:
        raise Unsaid("it counts backwards")
    made = b(layer("Range", end=end, start=first if isinstance(first, Expression) or first else None,
                   step=None if step == 1 else step))  # fmt: skip
    return b(layer("Cast", dtype="float"), made) if is_float else made


@row("RandomNormal", "RandomUniform")
def _(b: GraphBuilder, shape: Any = (), dtype: int = 1, seed: float = 0.0, mean: float = 0.0, scale: float = 1.0,
      low: float = 0.0, high: float = 1.0) -> Value:  # fmt: skip
    return _random(b, tuple(shape), mean, scale, low, high)


@row("RandomNormalLike", "RandomUniformLike")
def _(b: GraphBuilder, x: Any, dtype: int = 1, seed: float = 0.0, mean: float = 0.0, scale: float = 1.0,
      low: float = 0.0, high: float = 1.0) -> Value:  # fmt: skip
    return _random(b, b.tensor(x).shape, mean, scale, low, high)


def _random(b: GraphBuilder, shape: Any, mean: float, scale: float, low: float, high: float) -> Value:
    assert b.node is not None
    if "Normal" in b.node.operator:
        fields = {"mean": plain(mean) if mean else None, "std": plain(scale) if scale != 1 else None}
        return b(layer("Normal", shape=shape, **fields))
    return b(layer("Uniform", shape=shape, low=plain(low) if low else None, high=plain(high) if high != 1 else None))


@row("Bernoulli")
def _(b: GraphBuilder, x: Any, dtype: int = 1, seed: float = 0.0) -> Value:
    x = b.tensor(x)
    return b(layer("Cast", dtype="float"), b(layer("Less"), b(layer("Uniform", shape=x.shape)), x))


@row("DequantizeLinear")
def _(b: GraphBuilder, x: Any, scale: Any, zero_point: Any = None, axis: int = 1, block_size: int = 0,
      output_dtype: int = 0) -> Value:  # fmt: skip
    if block_size:
        raise Unsaid("its scales are of blocks")
    if isinstance(scale, Value) or isinstance(zero_point, Value):
        raise Unsaid("its scale is computed from data")
    x = b.tensor(x)
    x = b(layer("Cast", dtype="float"), x) if x.type.dtype == "int" else x
    if zero_point is not None and zero_point.array.any():
        x = b(layer("Subtract"), x, b.tensor(_beside(zero_point, x.rank, axis)))
    return b(layer("Multiply"), x, b.tensor(_beside(scale, x.rank, axis)))


def _beside(known: Known, rank: int, axis: int) -> Known:
    array = known.array.astype(np.float32)
    if array.ndim == 1 and array.size > 1:
        shape = [1] * rank
        shape[axis] = -1
        array = array.reshape(shape)
    return Known(array.reshape(()) if array.size == 1 else array, known.name, known.stored)
