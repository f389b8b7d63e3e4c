"""Rows of operators that few networks use, written by the layers of others.

Numbers are finite in a spec: what these give for infinity, NaN and the sign of zero is not kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nnspec.dims import equal
from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import arithmetic, cast, counted, layer, truth
from nnspec.importing.from_torch.operators.row import ROWS, row

ROWS["real"] = lambda b, self, **_: self
WINDOWS = 64  # elements of one


@row("trunc", "fix")
def _(b: Builder, self: Value) -> Value:
    return arithmetic(b, "Multiply", b(layer("Sign"), self), b(layer("Floor"), b(layer("Abs"), self)))


@row("exp2")
def _(b: Builder, self: Value) -> Value:
    return arithmetic(b, "Power", 2, self)


@row("erfc")
def _(b: Builder, self: Value) -> Value:
    return arithmetic(b, "Subtract", 1, b(layer("Erf"), self))


@row("asinh", "arcsinh")
def _(b: Builder, self: Value) -> Value:
    size = b(layer("Abs"), self)  # of a negative number, the sum would lose its digits
    root = b(layer("Sqrt"), arithmetic(b, "Add", b(layer("Square"), self), 1))
    return arithmetic(b, "Multiply", b(layer("Sign"), self), b(layer("Log"), arithmetic(b, "Add", size, root)))


@row("acosh", "arccosh")
def _(b: Builder, self: Value) -> Value:
    root = b(layer("Sqrt"), arithmetic(b, "Subtract", b(layer("Square"), self), 1))
    return b(layer("Log"), arithmetic(b, "Add", self, root))


@row("atanh", "arctanh")
def _(b: Builder, self: Value) -> Value:
    ratio = arithmetic(b, "Divide", arithmetic(b, "Add", self, 1), arithmetic(b, "Subtract", 1, self))
    return arithmetic(b, "Multiply", b(layer("Log"), ratio), 0.5)


@row("hypot")
def _(b: Builder, self: Value, other: Value) -> Value:
    return b(layer("Sqrt"), arithmetic(b, "Add", b(layer("Square"), self), b(layer("Square"), other)))


@row("remainder")
def _(b: Builder, self: Any, other: Any) -> Value:
    return _left_over(b, "Floor", self, other)


@row("fmod")
def _(b: Builder, self: Any, other: Any) -> Value:
    return _left_over(b, "trunc", self, other)


def _left_over(b: Builder, rounding: str, self: Any, other: Any) -> Value:
    """What a division leaves over whose result is rounded so."""
    types = {each.type.dtype if isinstance(each, Value) else type(each).__name__ for each in (self, other)}
    if rounding == "Floor" and "float" not in types:
        return arithmetic(b, "Modulo", self, other)
    ratio = arithmetic(b, "Divide", self, other)
    whole = ROWS["trunc"](b, ratio) if rounding == "trunc" else b(layer("Floor"), ratio)
    made = arithmetic(b, "Subtract", self, arithmetic(b, "Multiply", whole, other))
    return made if "float" in types else b(layer("Cast", dtype="int"), b(layer("Round"), made))


@row("logical_xor", "bitwise_xor", "__xor__")
def _(b: Builder, self: Value, other: Any) -> Value:
    if self.type.dtype != "bool":
        raise Unsaid("it works on the bits of whole numbers")
    return b(layer("NotEqual"), counted(b, self), counted(b, truth(b, b.tensor(other))))


@row("xlogy", "special_xlogy")
def _(b: Builder, self: Value, other: Any) -> Value:
    power = b(layer("Log"), b.tensor(other))
    return b(layer("Where", value=0.0, value_first=True), b(layer("Equal", scalar=0), self),
             arithmetic(b, "Multiply", self, power))  # fmt: skip


@row("heaviside")
def _(b: Builder, self: Value, values: Value) -> Value:
    above = cast(b, b(layer("Greater", scalar=0), self), self.type.dtype)
    return b(layer("Where"), b(layer("Equal", scalar=0), self), values, above)


@row("var_mean", "std_mean")
def _(b: Builder, self: Value, operator: str, **given: Any) -> tuple[Value, Value]:
    fields = {name: given[name] for name in ("dim", "unbiased", "correction", "keepdim") if name in given}
    spread = ROWS[operator.removesuffix("_mean")](b, self, operator=operator.removesuffix("_mean"), **fields)
    fields = {name: fields[name] for name in ("dim", "keepdim") if name in fields}
    return spread, ROWS["mean"](b, self, **fields)


@row("dist")
def _(b: Builder, self: Value, other: Value, p: Any = 2) -> Value:
    made: Value = ROWS["norm"](b, arithmetic(b, "Subtract", self, other), p=p)
    return made


@row("cdist", "_cdist_forward")
def _(b: Builder, x1: Value, x2: Value, p: float = 2.0, compute_mode: Any = None) -> Value:
    between = arithmetic(
        b, "Subtract", b(layer("Unsqueeze", dim=x1.rank - 1), x1), b(layer("Unsqueeze", dim=x2.rank - 2), x2)
    )
    made: Value = ROWS["linalg_vector_norm"](b, between, ord=p, dim=[between.rank - 1])
    return made


@row("bucketize")
def _(b: Builder, self: Value, boundaries: Value, out_int32: bool = False, right: bool = False) -> Value:
    above = b(layer("GreaterEqual" if right else "Greater"), b(layer("Unsqueeze", dim=self.rank), self),
              b.tensor(boundaries))  # fmt: skip
    return b(layer("Sum", dim=-1), counted(b, above))


@row("median", "nanmedian")
def _(b: Builder, self: Value, dim: int | None = None, keepdim: bool = False) -> Any:
    value = b(layer("Flatten", start_dim=0), self) if dim is None and self.rank > 1 else self
    place = (dim or 0) % max(1, value.rank)
    size = value.shape[place]
    if not isinstance(size, int):
        raise Unsaid("it takes the middle of a dimension of open size")
    items = (*[("slice", None, None, None)] * place, (size - 1) // 2)
    both = tuple(b(layer("Subscript", items=items), each) for each in ROWS["sort"](b, value, dim=place))
    if dim is None:
        return both[0]
    return tuple(b(layer("Unsqueeze", dim=place), each) for each in both) if keepdim else both


@row("diagonal", "diagonal_copy", "linalg_diagonal")
def _(b: Builder, self: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    dims = dim1 % self.rank, dim2 % self.rank
    if offset or not equal(self.shape[dims[0]], self.shape[dims[1]]):
        raise Unsaid("it takes another diagonal than the main one of a square")
    rest = [dim for dim in range(self.rank) if dim not in dims]
    square = self if [*rest, *dims] == list(range(self.rank)) else b(layer("Permute", dims=(*rest, *dims)), self)
    places = b(layer("Range", end=self.shape[dims[0]]))
    index = b(layer("Unsqueeze", dim=1), places)
    return b(layer("Squeeze", dim=-1), b(layer("Gather", dim=-1), square, _over(b, index, square)))


def _over(b: Builder, index: Value, like: Value) -> Value:
    """An index for the last dimension, for all the others of a tensor."""
    from nnspec.importing.from_torch.operators.shape import stretched

    return stretched(b, index, (*like.shape[:-1], 1))


@row("unfold", "unfold_copy")
def _(b: Builder, self: Value, dimension: int, size: int, step: int) -> Value:
    if size > WINDOWS:
        raise Unsaid(f"its windows have {size} elements, and are written one by one up to {WINDOWS}")
    dim = dimension % self.rank
    length = self.shape[dim]
    whole = [("slice", None, None, None)] * dim
    parts = []
    for place in range(size):
        end = length - (size - 1 - place)
        between = ("slice", place or None, None if place == size - 1 else end, None if step == 1 else step)
        parts.append(b(layer("Subscript", items=(*whole, between)), self))
    return b(layer("Stack", dim=self.rank), *parts)


@row("index_add")
def _(b: Builder, self: Value, dim: int, index: Value, source: Value, alpha: Any = 1) -> Value:
    from nnspec.importing.from_torch.operators.shape import stretched

    places = b.tensor(index)
    for _ in range(source.rank - 1 - dim % self.rank):
        places = b(layer("Unsqueeze", dim=-1), places)
    added = source if alpha == 1 else arithmetic(b, "Multiply", source, alpha)
    return b(layer("Scatter", dim=dim, reduce="sum"), self, stretched(b, places, source.shape), added)


@row("tril_indices", "triu_indices")
def _(b: Builder, row: int, col: int, offset: int = 0, operator: str = "") -> Value:
    if not all(isinstance(each, int) for each in (row, col)):
        raise Unsaid("it lists places of a matrix of open size")
    lower = operator.startswith("tril")
    found = [(i, j) for i in range(row) for j in range(col) if (j <= i + offset if lower else j >= i + offset)]
    if len(found) > math.isqrt(10**6):
        raise Unsaid(f"it lists {len(found)} places, too many for a text")
    return b(layer("Constant", value=tuple(zip(*found, strict=True))))


@row("index_put", "_index_put_impl", "_unsafe_index_put")
def _(b: Builder, self: Value, indices: Sequence[Value | None], values: Value, accumulate: bool = False) -> Value:
    (mask,) = indices if len(indices) == 1 else (None,)
    if mask is None or mask.type.dtype != "bool" or values.rank or accumulate:
        raise Unsaid("it writes at places that tensors name: torch.where and scatter have a counterpart")
    for _ in range(self.rank - mask.rank):
        mask = b(layer("Unsqueeze", dim=-1), mask)
    made: Value = ROWS["masked_fill"](b, self, mask, values)
    return made
