"""Rows of products of matrices: layers where one of them is a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, layer, need_size, plain
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.elementwise import arithmetic
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value


def linear(b: GraphBuilder, x: Value, weight: Known, bias: Known | None = None) -> Value:
    """A linear layer; `weight` has a row for each feature that goes out, as torch has it."""
    need_size(x.shape[-1], int(weight.array.shape[1]))
    made = layer("Linear", out_features=int(weight.array.shape[0]), bias=None if bias is not None else False)
    return b.weighted_by(made, x, weight=weight, bias=bias)


def turned(weight: Known) -> Known:
    """A matrix with rows for columns; the numbers are not copied."""
    return Known(weight.array.swapaxes(-1, -2), weight.name, weight.stored)


def is_matrix(value: Any) -> bool:
    """Whether it is an array that may be the weight of a linear layer."""
    return isinstance(value, Known) and not value.symbolic and value.rank == 2 and value.array.dtype.kind == "f"


@row("MatMul")
def _(b: GraphBuilder, left: Any, right: Any) -> Value:
    if is_matrix(right) and isinstance(left, Value) and left.rank > 1:
        return linear(b, left, turned(right))
    return b(layer("MatMul"), b.tensor(left), b.tensor(right))


@row("com.microsoft.FusedMatMul")
def _(b: GraphBuilder, left: Any, right: Any, alpha: float = 1.0, transA: int = 0, transB: int = 0,
      transBatchA: int = 0, transBatchB: int = 0) -> Value:  # fmt: skip
    if transBatchA or transBatchB:
        raise Unsaid("it turns the dimensions of batches")
    made = b(layer("MatMul"), _turned(b, left, transA), _turned(b, right, transB))
    return made if alpha == 1 else b(layer("Multiply", scalar=plain(alpha)), made)


def _turned(b: GraphBuilder, value: Any, turn: int) -> Value:
    if isinstance(value, Known):
        return b.tensor(turned(value) if turn else value)
    return b(layer("Transpose", dim0=-2, dim1=-1), value) if turn else value


@row("Gemm")
def _(b: GraphBuilder, a: Any, w: Any, c: Any = None, alpha: float = 1.0, beta: float = 1.0, transA: int = 0,
      transB: int = 0) -> Value:  # fmt: skip
    if is_matrix(w) and isinstance(a, Value) and not transA:
        weight = w if transB else turned(w)
        weight = weight if alpha == 1 else _times(weight, alpha)
        bias = _bias(c, beta, int(weight.array.shape[0]))
        if bias is not None:
            return linear(b, a, weight, bias)
        product = linear(b, a, weight)
    else:
        product = b(layer("MatMul"), _turned(b, a, transA), _turned(b, w, transB))
        product = product if alpha == 1 else b(layer("Multiply", scalar=plain(alpha)), product)
    if c is None or beta == 0:
        return product
    if isinstance(c, Known):
        return arithmetic(b, "Add", product, c if beta == 1 else _times(c, beta))
    return arithmetic(b, "Add", product, c if beta == 1 else b(layer("Multiply", scalar=plain(beta)), c))


def _times(known: Known, factor: float) -> Known:
    return Known((known.array * np.float32(factor)).astype(known.array.dtype), known.name, known.stored)


def _bias(c: Any, beta: float, features: int) -> Known | None:
    """What is added, if it is one number for each feature."""
    if not isinstance(c, Known) or c.array.size not in (1, features) or (c.rank > 1 and c.array.shape[-1] != features):
        return None
    flat = np.broadcast_to(c.array.reshape(-1), (features,))
    return Known(flat if beta == 1 else (flat * np.float32(beta)).astype(flat.dtype), c.name, True)


@row("Einsum")
def _(b: GraphBuilder, *parts: Any, equation: str) -> Value:
    return b(layer("Einsum", equation=equation.replace(" ", "")), *(b.tensor(each) for each in parts))
