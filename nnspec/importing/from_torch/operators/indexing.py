"""Rows of what takes parts of a tensor, or elements that another one names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.dims import at_least, equal
from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import counted, layer
from nnspec.importing.from_torch.operators.row import row

END = 2**62


@row("slice", "slice_copy")
def _(b: Builder, self: Value, dim: int = 0, start: Any = None, end: Any = None, step: int = 1,
      result: Any = None) -> Value:  # fmt: skip
    dim %= self.rank
    size = self.shape[dim]
    start = 0 if start is None else start
    if (isinstance(end, int) and end > END) or (end is not None and not isinstance(end, int) and equal(end, size)):
        end = None
    if isinstance(end, int) and at_least(end, size):
        end = None
    if isinstance(start, int) and start < 0 and at_least(-start, size):
        start = 0
    if start == 0 and end is None and step == 1:
        return self
    item = ("slice", None if start == 0 else start, end, None if step == 1 else step)
    whole = ("slice", None, None, None)
    items = (*[whole] * dim, item) if dim < 3 or self.rank - dim > 1 else ("...", item)
    return b(layer("Subscript", items=items), self)


@row("select", "select_copy")
def _(b: Builder, self: Value, dim: int, index: Any) -> Value:
    dim %= self.rank
    return b(layer("Subscript", items=(*[("slice", None, None, None)] * dim, index)), self)


@row("narrow")
def _(b: Builder, self: Value, dim: int, start: Any, length: Any) -> Value:
    return b(layer("Slice", dim=dim, start=start, end=start + length), self)


@row("split", "split_with_sizes", "split_with_sizes_copy", "tensor_split")
def _(b: Builder, self: Value, split_size: Any = None, split_sizes: Any = None, sections: Any = None,
      dim: int = 0, result: Any = None) -> tuple[Value, ...]:  # fmt: skip
    sizes = [part.shape[dim] for part in result]
    if len(sizes) == 1:
        return (self,)
    alike = all(equal(size, sizes[0]) for size in sizes)
    return b.all(layer("Split", sections=len(sizes) if alike else tuple(sizes), dim=_last(dim, self)), self)


@row("chunk", "unsafe_chunk")
def _(b: Builder, self: Value, chunks: int, dim: int = 0, result: Any = None) -> tuple[Value, ...]:
    if len(result) == 1:
        return (self,)
    return b.all(layer("Chunk", chunks=len(result), dim=_last(dim, self)), self)


def _last(dim: int, value: Value) -> int:
    return -1 if dim == value.rank - 1 else dim


@row("unbind")
def _(b: Builder, self: Value, dim: int = 0) -> tuple[Value, ...]:
    size = self.shape[dim]
    if not isinstance(size, int):
        raise Unsaid("it takes a dimension of open size apart")
    whole = ("slice", None, None, None)
    dim %= self.rank
    return tuple(b(layer("Subscript", items=(*[whole] * dim, index)), self) for index in range(size))


@row("diff")
def _(b: Builder, self: Value, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Value:
    if n != 1:
        raise Unsaid(f"it takes {n} differences one after the other")
    parts = [counted(b, each) for each in (prepend, self, append) if each is not None]
    value = parts[0] if len(parts) == 1 else b(layer("Concat", dim=dim), *parts)
    dim %= value.rank
    whole = [("slice", None, None, None)] * dim
    later = b(layer("Subscript", items=(*whole, ("slice", 1, None, None))), value)
    earlier = b(layer("Subscript", items=(*whole, ("slice", None, -1, None))), value)
    made = b(layer("Subtract"), later, earlier)
    return made if self.type.dtype != "bool" else b(layer("Cast", dtype="bool"), made)


@row("index_select")
def _(b: Builder, self: Value, dim: int, index: Value) -> Value:
    return b(layer("Take", dim=dim), self, index)


@row("gather")
def _(b: Builder, self: Value, dim: int, index: Value, sparse_grad: bool = False) -> Value:
    return b(layer("Gather", dim=dim), self, index)


@row("scatter")
def _(b: Builder, self: Value, dim: int, index: Value, src: Any = None, value: Any = None, reduce: Any = None) -> Value:
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        raise Unsaid("it writes infinity, which no spec can hold")
    if src is None:
        from nnspec.importing.from_torch.operators.shape import stretched

        src = stretched(b, b.tensor(value), index.shape)
    dtype = self.type.dtype
    values = [each if each.type.dtype == "float" else b(layer("Cast", dtype="float"), each) for each in (self, src)]
    made = b(layer("Scatter", dim=dim, reduce=reduce), values[0], index, values[1])
    return made if dtype == "float" else b(layer("Cast", dtype=dtype), made)


@row("scatter_add")
def _(b: Builder, self: Value, dim: int, index: Value, src: Value) -> Value:
    return b(layer("Scatter", dim=dim, reduce="sum"), self, index, src)


@row("index")
def _(b: Builder, self: Value, indices: Sequence[Value | None]) -> Value:
    """Elements by tensors of indices: one of them, or all dimensions from the first on by flat places."""
    given = [(dim, each) for dim, each in enumerate(indices) if each is not None]
    if any(each.type.dtype == "bool" for _, each in given):
        raise Unsaid("a mask chooses elements: how many there are depends on the data")
    if len(given) == 1:
        dim, index = given[0]
        return b(layer("Take", dim=dim), self, index)
    dims = [dim for dim, _ in given]
    if dims != list(range(dims[0], dims[0] + len(dims))):
        raise Unsaid("indices of dimensions that are apart")
    sizes = self.shape[dims[0] : dims[-1] + 1]
    if not all(isinstance(size, int) for size in sizes[1:]):
        flat: Any = None
    place: Any = given[0][1]
    for size, (_, index) in zip(sizes[1:], given[1:], strict=True):
        place = b(layer("Multiply", scalar=size), place)
        place = b(layer("Add"), place, index)
    flat = b(layer("Flatten", start_dim=dims[0], end_dim=dims[-1]), self)
    return b(layer("Take", dim=dims[0]), flat, place)


@row("topk")
def _(b: Builder, self: Value, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Value, ...]:
    return b.all(layer("TopK", k=k, dim=dim, largest=largest, sorted=sorted), self)


@row("sort")
def _(b: Builder, self: Value, dim: int = -1, descending: bool = False, stable: Any = None) -> tuple[Value, ...]:
    return b.all(layer("Sort", dim=dim, descending=descending), self)


@row("argsort")
def _(b: Builder, self: Value, dim: int = -1, descending: bool = False, stable: Any = None) -> Value:
    return b(layer("ArgSort", dim=dim, descending=descending), self)


@row("one_hot")
def _(b: Builder, self: Value, num_classes: int = -1) -> Value:
    if num_classes < 1:
        raise Unsaid("the number of classes depends on the data")
    return b(layer("OneHot", num_classes=num_classes), self)


@row("tril")
def _(b: Builder, self: Value, diagonal: int = 0) -> Value:
    value = self if self.type.dtype != "bool" else counted(b, self)
    made = b(layer("Tril", diagonal=diagonal), value)
    return made if self.type.dtype != "bool" else b(layer("Cast", dtype="bool"), made)


@row("triu")
def _(b: Builder, self: Value, diagonal: int = 0) -> Value:
    value = self if self.type.dtype != "bool" else counted(b, self)
    made = b(layer("Triu", diagonal=diagonal), value)
    return made if self.type.dtype != "bool" else b(layer("Cast", dtype="bool"), made)
