"""Rows of what makes less of a tensor: sums, means, extremes; and running sums."""

from __future__ import annotations

from typing import Any

from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import arithmetic, counted, layer
from nnspec.importing.from_torch.operators.row import ROWS, row


def dims_of(dim: Any, value: Value) -> Any:
    """The dimensions of a reduction; None for all."""
    if dim is None or (isinstance(dim, (list, tuple)) and not dim):
        return None
    dims = [dim] if isinstance(dim, int) else list(dim)
    named = tuple(-1 if each == value.rank - 1 and len(dims) == 1 else each for each in dims)
    return named[0] if len(named) == 1 else named


for _operator, _layer in (("mean", "Mean"), ("sum", "Sum"), ("amax", "Max"), ("amin", "Min"), ("prod", "Prod"),
                          ("logsumexp", "LogSumExp")):  # fmt: skip
    ROWS[_operator] = lambda b, self, dim=None, keepdim=False, dtype=None, _layer=_layer: b(
        layer(_layer, dim=dims_of(dim, self), keepdim=keepdim or None), counted(b, self)
    )


@row("max", "min")
def _(b: Builder, self: Value, dim: Any = None, keepdim: bool = False, other: Any = None, operator: str = "") -> Any:
    greatest = operator == "max"
    if isinstance(other, Value):
        return b(layer("Maximum" if greatest else "Minimum"), self, other)
    fields = {"dim": dim, "keepdim": keepdim or None}
    best = b(layer("Max" if greatest else "Min", **fields), self)
    return best if dim is None else (best, b(layer("ArgMax" if greatest else "ArgMin", **fields), self))


@row("argmax", "argmin")
def _(b: Builder, self: Value, dim: Any = None, keepdim: bool = False, operator: str = "") -> Value:
    return b(layer("ArgMax" if operator == "argmax" else "ArgMin", dim=dim, keepdim=keepdim or None), counted(b, self))


@row("any", "all")
def _(b: Builder, self: Value, dim: Any = None, keepdim: bool = False, operator: str = "") -> Value:
    value = self if self.type.dtype == "bool" else b(layer("Cast", dtype="bool"), self)
    return b(layer("Any" if operator == "any" else "All", dim=dims_of(dim, self), keepdim=keepdim or None), value)


@row("var", "std")
def _(b: Builder, self: Value, dim: Any = None, unbiased: Any = None, correction: Any = None, keepdim: bool = False,
      operator: str = "") -> Value:  # fmt: skip
    free = unbiased if unbiased is not None else correction is None or correction == 1
    if correction not in (None, 0, 1):
        raise Unsaid(f"its correction is {correction}")
    kind = "Variance" if operator == "var" else "StandardDeviation"
    return b(layer(kind, dim=dims_of(dim, self), keepdim=keepdim or None, unbiased=None if free else False), self)


@row("linalg_vector_norm", "norm")
def _(b: Builder, self: Value, ord: Any = 2, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None,
      operator: str = "") -> Value:  # fmt: skip
    power = p if operator == "norm" else ord
    if power not in (1, 2):
        raise Unsaid(f"it is a norm of order {power}")
    return b(layer("Norm", dim=dims_of(dim, self), keepdim=keepdim or None, p=None if power == 2 else 1), self)


@row("cumsum")
def _(b: Builder, self: Value, dim: int, dtype: Any = None) -> Value:
    made = b(layer("CumulativeSum", dim=dim), counted(b, self))
    return made if dtype in (None, made.type.dtype) else b(layer("Cast", dtype=dtype), made)


@row("cumprod")
def _(b: Builder, self: Value, dim: int, dtype: Any = None) -> Value:
    return b(layer("CumulativeProduct", dim=dim), counted(b, self))


@row("einsum")
def _(b: Builder, equation: str, tensors: Any, path: Any = None) -> Value:
    if "." in equation:
        raise Unsaid("its equation has an ellipsis")
    return b(layer("Einsum", equation=equation), *tensors)


@row("cosine_similarity")
def _(b: Builder, x1: Value, x2: Value, dim: int = 1, eps: float = 1e-8) -> Value:
    product = b(layer("Sum", dim=dim), arithmetic(b, "Multiply", x1, x2))
    lengths = [b(layer("Clamp", min=eps), b(layer("Norm", dim=dim), x)) for x in (x1, x2)]
    return arithmetic(b, "Divide", product, arithmetic(b, "Multiply", *lengths))
