"""Rows of what gives the elements another shape or place."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.dims import Expression, Size, Undecidable, equal, exact_divide, product
from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer, listed, whole
from nnspec.importing.from_onnx.known import Known, of_sizes
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_onnx.operators.sources import filled
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.importing.from_torch.operators.shape import padded, padded_to, reshape, stretched


@row("Shape")
def _(b: GraphBuilder, x: Any, start: int = 0, end: int | None = None) -> Known:
    shape = x.shape if isinstance(x, Value) else x.array.shape
    return Known(of_sizes(list(shape[slice(start, end)])))


@row("Size")
def _(b: GraphBuilder, x: Any) -> Known:
    return Known(of_sizes(product(x.shape if isinstance(x, Value) else x.array.shape)))


@row("Reshape")
def _(b: GraphBuilder, x: Any, shape: Any, allowzero: int = 0) -> Value:
    x = b.tensor(x)
    wanted: list[Size] = list(listed(shape, "shape") or ())
    wanted = [
        x.shape[place] if not allowzero and each == 0 and place < x.rank else each for place, each in enumerate(wanted)
    ]
    if -1 in wanted:
        place = wanted.index(-1)
        try:
            wanted[place] = exact_divide(product(x.shape), product(wanted[:place] + wanted[place + 1 :]))
        except (Undecidable, ZeroDivisionError):
            raise Unsaid(f"the size of {x.type} behind -1 is not known") from None
    return shaped(b, x, wanted)


def shaped(b: GraphBuilder, x: Value, shape: Any) -> Value:
    """A value in another shape."""
    if equal(product(x.shape), product(shape)) is False:
        raise Unsaid(f"{x.type} has another number of elements than [{', '.join(map(str, shape))}]")
    if not shape and x.rank:
        return b(layer("Squeeze", dim=tuple(range(x.rank)) if x.rank > 1 else 0), x)
    return reshape(b, x, shape)


@row("Flatten")
def _(b: GraphBuilder, x: Any, axis: int = 1) -> Value:
    x = b.tensor(x)
    axis = axis + x.rank if axis < 0 else axis
    if axis == 1 and x.rank > 2:
        return b(layer("Flatten"), x)
    return shaped(b, x, [product(x.shape[:axis]), product(x.shape[axis:])])


@row("Transpose")
def _(b: GraphBuilder, x: Any, perm: Any = None) -> Value:
    x = b.tensor(x)
    dims = tuple(reversed(range(x.rank))) if perm is None else tuple(perm)
    return permuted(b, x, dims)


def permuted(b: GraphBuilder, x: Value, dims: tuple[int, ...]) -> Value:
    """A value with its dimensions in another order; two of them that change places are a transpose."""
    before = b.made_by(x, "Transpose", "Permute")
    if before is not None and before.inputs[0]:
        first = order_of(before.layer, x.rank)
        dims, x = tuple(first[dim] for dim in dims), Value(before.inputs[0], b.types[before.inputs[0]])
    moved = [place for place, dim in enumerate(dims) if place != dim]
    if not moved:
        return x
    if len(moved) == 2:
        one, other = (place - x.rank if min(moved) == x.rank - 2 else place for place in moved)
        return b(layer("Transpose", dim0=one, dim1=other), x)
    return b(layer("Permute", dims=dims), x)


def order_of(made: Any, rank: int) -> tuple[int, ...]:
    """The order of the dimensions behind a Transpose or Permute."""
    if made.kind == "Permute":
        return tuple(dim % rank for dim in made.dims)
    order = list(range(rank))
    order[made.dim0], order[made.dim1] = order[made.dim1], order[made.dim0]
    return tuple(order)


@row("Squeeze")
def _(b: GraphBuilder, x: Any, axes: Any = None) -> Value:
    x = b.tensor(x)
    found = whole(listed(axes, "axes"), "axes")
    if found is None:
        found = tuple(place for place, size in enumerate(x.shape) if size == 1)
    dims = tuple(each % x.rank for each in found)
    if not dims:
        return b.tensor(x)
    for place in dims:
        if x.shape[place] != 1:
            raise Unsaid(f"dimension {place} of {x.type} is not known to be 1")
    before = b.made_by(x, "Unsqueeze")
    if before is not None and len(dims) == 1 and before.layer.dim % x.rank == dims[0]:  # type: ignore[union-attr]
        return Value(before.inputs[0] or "", b.types[before.inputs[0] or ""])
    return b(layer("Squeeze", dim=dims[0] if len(dims) == 1 else dims), x)


@row("Unsqueeze")
def _(b: GraphBuilder, x: Any, axes: Any) -> Value:
    x = b.tensor(x)
    found = whole(listed(axes, "axes"), "axes") or ()
    for place in sorted(each % (x.rank + len(found)) for each in found):
        x = b(layer("Unsqueeze", dim=place), x)
    return b.tensor(x)


@row("Expand")
def _(b: GraphBuilder, x: Any, shape: Any) -> Value:
    x = b.tensor(x)
    wanted = list(listed(shape, "shape") or ())
    rank = max(len(wanted), x.rank)
    wanted = [1] * (rank - len(wanted)) + wanted
    own = [1] * (rank - x.rank) + list(x.shape)
    shape = tuple(have if want == 1 else want for have, want in zip(own, wanted, strict=True))
    made = b.made_by(x, "Constant")
    if made is not None and all(each == 1 for each in x.shape) and x.type.dtype != "bool":
        return filled(b, shape, _element(made.layer.value), x.type.dtype)  # type: ignore[union-attr]
    return stretched(b, x, shape)


def _element(value: Any) -> Any:
    while isinstance(value, tuple):
        value = value[0]
    return value


@row("Tile")
def _(b: GraphBuilder, x: Any, repeats: Any) -> Value:
    x = b.tensor(x)
    counts = listed(repeats, "repeats") or ()
    return x if all(each == 1 for each in counts) else b(layer("Tile", dims=tuple(counts)), x)


@row("Concat")
def _(b: GraphBuilder, *parts: Any, axis: int = 1) -> Value:
    kept = [each for each in parts if not (isinstance(each, Known) and each.array.size == 0)]
    values = [b.tensor(each) for each in kept]
    dim = axis % values[0].rank
    return (
        values[0]
        if len(values) == 1
        else b(layer("Concat", dim=-1 if dim == values[0].rank - 1 != 1 else dim), *values)
    )


@row("Split")
def _(b: GraphBuilder, x: Any, split: Any = None, axis: int = 0, num_outputs: int | None = None) -> Any:
    x = b.tensor(x)
    assert b.node is not None
    count = len(b.node.outputs)
    dim = axis % x.rank
    sizes = listed(split, "split")
    if count == 1:
        return (x,)
    size = x.shape[dim]
    if sizes is None and isinstance(size, int) and size % count:
        step = -(-size // count)
        sizes = (*[step] * (count - 1), size - step * (count - 1))
    if sizes is not None and any(each == 0 for each in sizes):
        return _without_empty(b, x, dim, sizes)
    alike = sizes is None or all(equal(each, sizes[0]) for each in sizes)
    return b.all(
        layer("Split", sections=count if alike else tuple(sizes or ()), dim=-1 if dim == x.rank - 1 else dim), x
    )


def _without_empty(b: GraphBuilder, x: Value, dim: int, sizes: Any) -> Any:
    """The parts of a tensor, of which those without elements are known."""
    full = [each for each in sizes if each != 0]
    parts = b.all(layer("Split", sections=tuple(full), dim=dim), x) if len(full) > 1 else (x,)
    rest = iter(parts)
    empty = [size if isinstance(size, int) else 1 for size in x.shape]
    empty[dim] = 0
    return tuple(Known(np.zeros(empty, np.float32)) if each == 0 else next(rest) for each in sizes)


MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@row("Pad")
def _(b: GraphBuilder, x: Any, pads: Any, constant_value: Any = None, axes: Any = None, mode: str = "constant",
      value: float = 0.0) -> Value:  # fmt: skip
    x = b.tensor(x)
    amounts = list(listed(pads, "pads") or ())
    dims = [each % x.rank for each in whole(listed(axes, "axes"), "axes") or range(x.rank)]
    number: Any = value
    if constant_value is not None:
        number = constant(constant_value, "value").scalar()
    half = len(amounts) // 2
    pairs: list[tuple[Size, Size]] = [(0, 0)] * x.rank
    for place, dim in enumerate(dims):
        pairs[dim] = (amounts[place], amounts[half + place])
    first = next((place for place, pair in enumerate(pairs) if pair != (0, 0)), x.rank)
    flat = [each for pair in reversed(pairs[first:]) for each in pair]
    if mode not in MODES:
        raise Unsaid(f"its mode is {mode!r}")
    flat = [each if not isinstance(each, int) else int(each) for each in flat]
    if mode == "constant" and not number and any(isinstance(each, Expression) for each in flat):
        for like in reversed(b.seen(x.rank)):
            found = padded_to(b, x, flat, like)
            if found is not None:
                return found
    if mode != "constant" and x.type.dtype == "int":
        made = padded(b, b(layer("Cast", dtype="float"), x), flat, MODES[mode], 0)
        return b(layer("Cast", dtype="int"), made)
    return padded(b, x, flat, MODES[mode], float(number) if mode == "constant" else 0)


@row("DepthToSpace")
def _(b: GraphBuilder, x: Any, blocksize: int, mode: str = "DCR") -> Value:
    if mode == "CRD":
        return b(layer("PixelShuffle", upscale_factor=blocksize), b.tensor(x))
    x = b.tensor(x)
    n, c, h, w = x.shape
    parted = b(layer("Reshape", shape=(n, blocksize, blocksize, c // blocksize**2, h, w)), x)
    parted = b(layer("Permute", dims=(0, 3, 4, 1, 5, 2)), parted)
    return b(layer("Reshape", shape=(n, c // blocksize**2, h * blocksize, w * blocksize)), parted)


@row("SpaceToDepth")
def _(b: GraphBuilder, x: Any, blocksize: int, mode: str = "DCR") -> Value:
    if mode == "CRD":
        return b(layer("PixelUnshuffle", downscale_factor=blocksize), b.tensor(x))
    x = b.tensor(x)
    n, c, h, w = x.shape
    parted = b(layer("Reshape", shape=(n, c, h // blocksize, blocksize, w // blocksize, blocksize)), x)
    parted = b(layer("Permute", dims=(0, 3, 5, 1, 2, 4)), parted)
    return b(layer("Reshape", shape=(n, c * blocksize**2, h // blocksize, w // blocksize)), parted)


@row("Col2Im")
def _(
    b: GraphBuilder, x: Any, image: Any, block: Any, dilations: Any = None, pads: Any = None, strides: Any = None
) -> Value:
    size = listed(image, "size") or ()
    kernel = whole(listed(block, "block"), "block") or ()
    if len(size) != 2:
        raise Unsaid(f"it puts together {len(size)} dimensions")
    begin, end = list(pads or (0, 0, 0, 0))[:2], list(pads or (0, 0, 0, 0))[2:]
    if begin != end:
        raise Unsaid("it is padded more on one side")
    return b(layer("Fold", output_size=tuple(size), kernel_size=tuple(kernel), padding=tuple(begin),
                   dilation=tuple(dilations or (1, 1)), stride=tuple(strides or (1, 1))), b.tensor(x))  # fmt: skip


@row("Trilu")
def _(b: GraphBuilder, x: Any, k: Any = None, upper: int = 1) -> Value:
    x = b.tensor(x)
    diagonal = 0 if k is None else int(constant(k, "diagonal").scalar())
    counted = b(layer("Cast", dtype="int"), x) if x.type.dtype == "bool" else x
    made = b(layer("Triu" if upper else "Tril", diagonal=diagonal or None), counted)
    return b(layer("Cast", dtype="bool"), made) if x.type.dtype == "bool" else made
