"""Rows of what takes parts of a tensor, or elements that another one names."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.dims import Expression, Size, bounds, equal, product
from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer, listed, whole
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.importing.from_torch.operators.shape import reshape, stretched

END = 10**8  # no dimension is as long
WHOLE = ("slice", None, None, None)


@row("Slice")
def _(b: GraphBuilder, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Value:
    x = b.tensor(x)
    first, last = listed(starts, "starts") or (), listed(ends, "ends") or ()
    dims = whole(listed(axes, "axes"), "axes") or tuple(range(len(first)))
    strides = whole(listed(steps, "steps"), "steps") or (1,) * len(first)
    cropped = _cropped(b, x, dict(zip([each % x.rank for each in dims], zip(first, last, strict=True), strict=True)))
    if cropped is not None and set(strides) == {1}:
        return cropped
    items: list[Any] = [WHOLE] * x.rank
    for dim, start, end, step in zip(dims, first, last, strides, strict=True):
        place = dim % x.rank
        if step < 0:
            x, start, end, step = _turned(b, x, place, start, end, step)
        items[place] = _item(x.shape[place], start, end, step)
    if all(each == WHOLE for each in items):
        return b.tensor(x)
    while items[-1] == WHOLE:
        items.pop()
    front = next(place for place, each in enumerate(items) if each != WHOLE)
    short = front > 1 and len(items) == x.rank
    return b(layer("Subscript", items=("...", *items[front:]) if short else tuple(items)), x)


def _cropped(b: GraphBuilder, x: Value, cuts: dict[int, tuple[Size, Size]]) -> Value | None:
    """The middle of a picture of open size, as large as another one that there is; None for other cuts."""
    if x.rank < 3 or min(cuts) < 2 or not any(isinstance(start, Expression) for start, _ in cuts.values()):
        return None
    wanted = list(x.shape)
    for dim, (start, end) in cuts.items():
        wanted[dim] = end - start
        if equal(start, (x.shape[dim] - wanted[dim]) // 2) is not True:
            return None
    like = next((each for each in reversed(b.seen(x.rank)) if list(each.shape[2:]) == wanted[2:]), None)
    return None if like is None else b(layer("CenterCrop"), x, like)


def _turned(b: GraphBuilder, x: Value, dim: int, start: Size, end: Size, step: int) -> Any:
    """A slice that goes backwards as one of the flipped tensor."""
    size = x.shape[dim]
    if not isinstance(size, int) and not (isinstance(start, int) and isinstance(end, int)):
        raise Unsaid("it goes backwards along a dimension of open size")
    flipped = b(layer("Flip", dims=dim), x)
    if isinstance(size, int):
        chosen = range(size)[slice(int(start), None if int(end) < -size else int(end), step)]  # type: ignore[arg-type]
        if not chosen:
            raise Unsaid("it takes nothing")
        return flipped, size - 1 - chosen[0], size - chosen[-1], -step
    if start != -1 and not (isinstance(start, int) and start > END):
        raise Unsaid("it goes backwards along a dimension of open size")
    if not (isinstance(end, int) and end < -END):
        raise Unsaid("it goes backwards along a dimension of open size")
    return flipped, 0, END + 1, -step


def _item(size: Size, start: Size, end: Size, step: int) -> Any:
    if isinstance(size, int) and isinstance(start, int) and isinstance(end, int):
        chosen = range(size)[slice(start, end, step)]
        if not chosen:
            raise Unsaid("it takes nothing")
        start = chosen.start
        end = size if chosen.stop >= size else chosen.stop
    if isinstance(end, int) and end > END:
        end = size
    if not isinstance(end, int) or isinstance(size, int):
        far = bounds(end - size)[0]
        end = size if far >= 0 else end
    stop = None if end == size else end
    begin = None if start == 0 or (isinstance(start, int) and start < -END) else start
    return (
        WHOLE if begin is None and stop is None and step == 1 else ("slice", begin, stop, None if step == 1 else step)
    )


@row("Gather")
def _(b: GraphBuilder, data: Any, indices: Any, axis: int = 0) -> Value:
    if (
        isinstance(data, Known)
        and isinstance(indices, Value)
        and axis == 0
        and data.rank == 2
        and data.array.dtype.kind == "f"
    ):
        count, width = data.array.shape
        return b.weighted_by(layer("Embedding", num_embeddings=count, embedding_dim=width), indices, weight=data)
    x = b.tensor(data)
    dim = axis % x.rank
    if isinstance(indices, Known) and indices.rank == 0:
        index = indices.scalar()
        return b(layer("Subscript", items=(*[WHOLE] * dim, index if isinstance(index, Expression) else int(index))), x)
    if isinstance(indices, Known) and not indices.symbolic:
        found = _positive(indices, x.shape[dim])
        flat = found.array.reshape(-1)
        if found.rank == 1 and len(flat) and (flat == np.arange(flat[0], flat[0] + len(flat))).all() and flat[0] >= 0:
            return b(layer("Slice", dim=dim, start=int(flat[0]), end=int(flat[0]) + len(flat)), x)
        indices = found
    return b(layer("Take", dim=dim or None), x, b.tensor(indices))


def _positive(indices: Any, size: Size) -> Any:
    """Indices that are known, counted from the front."""
    if not isinstance(indices, Known) or indices.symbolic or not (indices.array < 0).any():
        return indices
    if not isinstance(size, int):
        raise Unsaid("it counts from the end of a dimension of open size")
    return Known(np.where(indices.array < 0, indices.array + size, indices.array), indices.name, indices.stored)


_NOT_NEGATIVE = ("ArgMax", "ArgMin", "ArgSort", "Modulo", "Range", "Sort", "TopK")


def _counted(b: GraphBuilder, indices: Any, size: Size) -> Value:
    """Indices counted from the front: ONNX counts negative ones from the end."""
    if isinstance(indices, Known):
        return b.tensor(_positive(indices, size))
    value = b.tensor(indices)
    return value if b.made_by(value, *_NOT_NEGATIVE) is not None else b(layer("Modulo", scalar=size), value)


@row("GatherElements")
def _(b: GraphBuilder, data: Any, indices: Any, axis: int = 0) -> Value:
    x = b.tensor(data)
    return b(layer("Gather", dim=axis % x.rank), x, _counted(b, indices, x.shape[axis]))


@row("ScatterElements", "Scatter")
def _(b: GraphBuilder, data: Any, indices: Any, updates: Any, axis: int = 0, reduction: str = "none") -> Value:
    x = b.tensor(data)
    places = _counted(b, indices, x.shape[axis])
    return b(layer("Scatter", dim=axis % x.rank, reduce=REDUCTIONS[reduction]), x, places, b.tensor(updates))


REDUCTIONS = {"none": None, "add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@row("GatherND")
def _(b: GraphBuilder, data: Any, indices: Any, batch_dims: int = 0) -> Value:
    x = b.tensor(data)
    if batch_dims:
        indices = _with_batches(b, x, b.tensor(indices), batch_dims)
    if isinstance(indices, Known) and (indices.array < 0).any():
        sizes = np.array([_number(size) for size in x.shape[: indices.array.shape[-1]]])
        indices = Known(np.where(indices.array < 0, indices.array + sizes, indices.array), indices.name)
    flat, place = _flat(b, x, indices)
    return b(layer("Take"), flat, place)


def _with_batches(b: GraphBuilder, x: Value, indices: Value, count: int) -> Value:
    """Tuples of indices with the places of their own batches in front."""
    shape = (*indices.shape[:-1], 1)
    parts = []
    for dim in range(count):
        place = b(layer("Range", end=x.shape[dim]))
        parts.append(
            stretched(b, reshape(b, place, tuple(size if each == dim else 1 for each, size in enumerate(shape))), shape)
        )
    return b(layer("Concat", dim=-1), *parts, indices)


def _number(size: Size) -> int:
    if not isinstance(size, int):
        raise Unsaid("it counts from the end of a dimension of open size")
    return size


def _flat(b: GraphBuilder, x: Value, indices: Any) -> tuple[Value, Value]:
    """A tensor with its first dimensions as one, and the places there that tuples of indices name."""
    index = b.tensor(indices)
    count = index.shape[-1]
    if not isinstance(count, int):
        raise Unsaid("it has an open number of indices")
    sizes = x.shape[:count]
    place: Any = None
    for number in range(count):
        one = b(layer("Subscript", items=("...", number)), index)
        step = product(sizes[number + 1 :])
        one = one if step == 1 else b(layer("Multiply", scalar=step), one)
        place = one if place is None else b(layer("Add"), place, one)
    flat = x if count == 1 else b(layer("Flatten", start_dim=0, end_dim=count - 1), x)
    return flat, place


@row("ScatterND")
def _(b: GraphBuilder, data: Any, indices: Any, updates: Any, reduction: str = "none") -> Value:
    x, source = b.tensor(data), b.tensor(updates)
    if isinstance(indices, Known) and not indices.symbolic and (indices.array < 0).any():
        sizes = np.array([_number(size) for size in x.shape[: indices.array.shape[-1]]])
        indices = Known(np.where(indices.array < 0, indices.array + sizes, indices.array), indices.name)
    flat, place = _flat(b, x, indices)
    rest = flat.shape[1:]
    places = product(place.shape)
    source = reshape(b, source, (places, *rest))
    place = reshape(b, place, (places, *[1] * len(rest)))
    place = stretched(b, place, (places, *rest))
    made = b(layer("Scatter", dim=0, reduce=REDUCTIONS[reduction]), flat, place, source)
    return reshape(b, made, x.shape)


@row("TensorScatter")
def _(b: GraphBuilder, cache: Any, update: Any, starts: Any = None, axis: int = -2, mode: str = "linear") -> Value:
    x, source = b.tensor(cache), b.tensor(update)
    dim = axis % x.rank
    shape = [1] * x.rank
    places = reshape(b, b(layer("Range", end=source.shape[dim])), (*shape[:dim], source.shape[dim], *shape[dim + 1 :]))
    if starts is not None:
        first = b.tensor(starts)
        places = b(layer("Add"), reshape(b, first, (first.shape[0], *shape[1:])), places)
    if mode == "circular":
        places = b(layer("Modulo", scalar=x.shape[dim]), places)
    return b(layer("Scatter", dim=dim), x, stretched(b, places, source.shape), source)


@row("TopK")
def _(b: GraphBuilder, x: Any, k: Any, axis: int = -1, largest: int = 1, sorted: int = 1) -> Any:
    x = b.tensor(x)
    count = whole(listed(k if not isinstance(k, int) else (k,), "k"), "k") or (1,)
    dim = -1 if axis % x.rank == x.rank - 1 else axis % x.rank
    return b.all(layer("TopK", k=count[0], dim=None if dim == -1 else dim, largest=None if largest else False), x)


@row("OneHot")
def _(b: GraphBuilder, indices: Any, depth: Any, values: Any, axis: int = -1) -> Value:
    count = int(constant(depth, "depth").scalar())
    x = b.tensor(indices)
    x = b(layer("Cast", dtype="int"), x) if x.type.dtype == "float" else x
    if b.made_by(x, *_NOT_NEGATIVE) is not None:
        made = b(layer("OneHot", num_classes=count), x)
    else:  # negative ones count from the end, and those that are too large are nowhere
        x = b(layer("Where"), b(layer("Less", scalar=0), x), b(layer("Add", scalar=count), x), x)
        places = b(layer("Equal"), b(layer("Unsqueeze", dim=-1), x), b(layer("Range", end=count)))
        made = b(layer("Cast", dtype="int"), places)
    if isinstance(values, Known):
        off, on = values.array.reshape(-1).tolist()
        if (off, on) == (0, 1):
            made = b(layer("Cast", dtype="float"), made) if values.array.dtype.kind == "f" else made
        else:
            made = b(
                layer("Where", value=off),
                b(layer("Equal", scalar=1), made),
                b(layer("Full", shape=made.shape, value=on)),
            )
    else:
        made = b(layer("Take"), values, made)
    dim = axis % made.rank
    rest = list(range(made.rank - 1))
    rest.insert(dim, made.rank - 1)
    return made if dim == made.rank - 1 else b(layer("Permute", dims=tuple(rest)), made)


@row("ReverseSequence")
def _(b: GraphBuilder, x: Any, lengths: Any, batch_axis: int = 1, time_axis: int = 0) -> Value:
    x, lengths = b.tensor(x), b.tensor(lengths)
    time = x.shape[time_axis]
    shape = [1] * 2
    shape[batch_axis % 2] = -1
    if {batch_axis, time_axis} != {0, 1}:
        raise Unsaid("its sequences do not stand in the first two dimensions")
    at = b(layer("Range", end=time))
    at = b(layer("Unsqueeze", dim=batch_axis), at)
    ends = b(layer("Unsqueeze", dim=time_axis), lengths)
    back = b(layer("Subtract"), b(layer("Subtract", scalar=1), ends), at)
    index = b(layer("Where"), b(layer("Less"), at, ends), back, at)
    for place in range(2, x.rank):
        index = b(layer("Unsqueeze", dim=place), index)
    return b(layer("Gather", dim=time_axis), x, stretched(b, index, x.shape))
