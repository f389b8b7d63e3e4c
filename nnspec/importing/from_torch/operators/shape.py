"""Rows of what gives the elements another shape or place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.dims import Expression, Size, equal
from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import counted, layer
from nnspec.importing.from_torch.operators.row import ROWS, row

for _operator in ("contiguous", "detach", "clone", "alias", "lift_fresh_copy", "lift_fresh", "identity",
                  "_assert_tensor_metadata", "detach_copy", "positive"):  # fmt: skip
    ROWS[_operator] = lambda b, self, **_: self


def reshape(b: Builder, value: Value, shape: Sequence[Size]) -> Value:
    """A value in another shape; as Flatten or Unflatten where it is one."""
    shape = tuple(shape)
    if -1 in shape:
        raise Unsaid("the size behind -1 is not known")
    if len(shape) == value.rank and all(map(equal, shape, value.shape)):
        return value
    before_that = b.made_by(value, "Flatten", "Unflatten", "Reshape", "Squeeze", "Unsqueeze")
    if before_that is not None and before_that.path is None:
        name = before_that.inputs[0] or ""
        value = Value(name, b.types[name])
    if len(shape) == value.rank and all(map(equal, shape, value.shape)):
        return value
    before, after = 0, 0
    while before < min(len(shape), value.rank) and equal(shape[before], value.shape[before]):
        before += 1
    while after < min(len(shape), value.rank) - before and equal(shape[-1 - after], value.shape[-1 - after]):
        after += 1
    inside, outside = value.rank - before - after, len(shape) - before - after
    if outside == 0 and inside > 0 and before + after > 0:  # dimensions of size 1 that go
        before, after = (before - 1, after) if before else (before, after - 1)
        inside, outside = inside + 1, 1
    if outside == 1 and inside > 1:
        end = -1 if after == 0 else value.rank - after - 1
        return b(layer("Flatten", start_dim=before, end_dim=end), value)
    if inside == 1 and outside > 1 and all(isinstance(size, int) for size in shape[before : len(shape) - after]):
        dim = -1 if after == 0 else before
        return b(layer("Unflatten", dim=dim, unflattened_size=shape[before : len(shape) - after]), value)
    return b(layer("Reshape", shape=shape), value)


@row("view", "reshape", "_unsafe_view", "_reshape_copy", "view_copy", "reshape_as", "view_as")
def _(b: Builder, self: Value, size: Any = None, shape: Any = None, result: Any = None, dtype: Any = None,
      other: Any = None) -> Value:  # fmt: skip
    if dtype is not None:
        raise Unsaid("the bits of numbers are read as others")
    return reshape(b, self, result.shape)


@row("flatten")
def _(b: Builder, self: Value, start_dim: int = 0, end_dim: int = -1, result: Any = None) -> Value:
    return reshape(b, self, result.shape)


@row("unflatten")
def _(b: Builder, self: Value, dim: int, sizes: Any, result: Any = None) -> Value:
    return reshape(b, self, result.shape)


@row("permute", "permute_copy")
def _(b: Builder, self: Value, dims: Sequence[int]) -> Value:
    return b(layer("Permute", dims=tuple(dims)), self)


@row("transpose", "swapaxes", "transpose_copy")
def _(b: Builder, self: Value, dim0: int, dim1: int) -> Value:
    return b(layer("Transpose", dim0=dim0, dim1=dim1), self)


@row("t", "numpy_T", "mT")
def _(b: Builder, self: Value) -> Value:
    return self if self.rank < 2 else b(layer("Transpose", dim0=-2, dim1=-1), self)


@row("movedim")
def _(b: Builder, self: Value, source: Any, destination: Any) -> Value:
    moved = [[source], [destination]] if isinstance(source, int) else [list(source), list(destination)]
    starts, ends = ([dim % self.rank for dim in dims] for dims in moved)
    rest = iter(dim for dim in range(self.rank) if dim not in starts)
    dims = tuple(starts[ends.index(place)] if place in ends else next(rest) for place in range(self.rank))
    return b(layer("Permute", dims=dims), self)


@row("squeeze", "squeeze_copy")
def _(b: Builder, self: Value, dim: Any = None, result: Any = None) -> Value:
    dims = range(self.rank) if dim is None else [dim] if isinstance(dim, int) else dim
    gone = tuple(each for each in dims if self.shape[each] == 1)
    if not gone:
        return self
    return b(layer("Squeeze", dim=gone[0] if len(gone) == 1 else gone), self)


@row("unsqueeze", "unsqueeze_copy")
def _(b: Builder, self: Value, dim: int) -> Value:
    return b(layer("Unsqueeze", dim=dim), self)


@row("expand", "expand_as", "broadcast_to", "expand_copy")
def _(
    b: Builder, self: Value, size: Any = None, other: Any = None, implicit: bool = False, result: Any = None
) -> Value:
    return stretched(b, self, result.shape)


def stretched(b: Builder, value: Value, shape: tuple[Size, ...]) -> Value:
    """A value stretched to a shape."""
    if value.rank == len(shape) and all(map(equal, value.shape, shape)):
        return value
    own = (1,) * (len(shape) - value.rank) + value.shape
    kept = len(shape) - value.rank
    wanted = tuple(
        -1 if place >= kept and equal(have, want) else want
        for place, (have, want) in enumerate(zip(own, shape, strict=True))
    )
    return b(layer("Expand", shape=wanted), value)


@row("repeat", "tile")
def _(b: Builder, self: Value, repeats: Any = None, dims: Any = None) -> Value:
    counts = tuple(repeats if repeats is not None else dims)
    value = self
    for _ in range(len(counts) - value.rank):
        value = b(layer("Unsqueeze", dim=0), value)
    return value if all(count == 1 for count in counts) else b(layer("Tile", dims=counts), value)


@row("repeat_interleave")
def _(b: Builder, self: Value, repeats: Any, dim: int | None = None, output_size: Any = None) -> Value:
    if dim is None or isinstance(repeats, Value):
        raise Unsaid("it repeats by numbers that are computed, or without a dimension")
    return b(layer("RepeatInterleave", repeats=repeats, dim=dim), self)


@row("flip")
def _(b: Builder, self: Value, dims: Sequence[int]) -> Value:
    return b(layer("Flip", dims=dims[0] if len(dims) == 1 else tuple(dims)), self)


@row("roll")
def _(b: Builder, self: Value, shifts: Sequence[Any], dims: Sequence[int] = ()) -> Value:
    if not dims:
        raise Unsaid("it rolls without a dimension")
    one = len(dims) == 1
    return b(layer("Roll", shifts=shifts[0] if one else tuple(shifts), dims=dims[0] if one else tuple(dims)), self)


@row("cat", "concat", "concatenate")
def _(b: Builder, tensors: Sequence[Value], dim: int = 0) -> Value:
    kept = [each for each in tensors if 0 not in each.shape]
    wide = {each.type.dtype for each in kept}
    if "bool" in wide and len(wide) > 1:
        kept = [counted(b, each) for each in kept]
    return kept[0] if len(kept) == 1 else b(layer("Concat", dim=dim), *kept)


@row("stack")
def _(b: Builder, tensors: Sequence[Value], dim: int = 0) -> Value:
    return b(layer("Stack", dim=dim), *tensors)


@row("pixel_shuffle")
def _(b: Builder, self: Value, upscale_factor: int) -> Value:
    return b(layer("PixelShuffle", upscale_factor=upscale_factor), self)


@row("pixel_unshuffle")
def _(b: Builder, self: Value, downscale_factor: int) -> Value:
    return b(layer("PixelUnshuffle", downscale_factor=downscale_factor), self)


@row("channel_shuffle", "native_channel_shuffle")
def _(b: Builder, self: Value, groups: int) -> Value:
    return b(layer("ChannelShuffle", groups=groups), self)


@row("constant_pad_nd")
def _(b: Builder, self: Value, pad: Sequence[Any], value: Any = 0) -> Value:
    return padded(b, self, pad, "constant", value)


@row("pad")
def _(b: Builder, self: Value, pad: Sequence[Any], mode: str = "constant", value: Any = None,
      beside: Sequence[Value] = ()) -> Value:  # fmt: skip
    if mode == "constant" and not value and any(isinstance(each, Expression) for each in pad):
        for like in beside:
            found = padded_to(b, self, pad, like)
            if found is not None:
                return found
    return padded(b, self, pad, mode, value)


def padded_to(b: Builder, value: Value, pad: Sequence[Any], like: Value) -> Value | None:
    """A picture with zeros around it up to the size of another; None where the amounts are others."""
    if len(pad) != 2 * (value.rank - 2) or like.rank != value.rank:
        return None
    for place in range(value.rank - 2):
        have, want = value.shape[-1 - place], like.shape[-1 - place]
        missing = want - have
        if missing == 0:
            return None
        half = 0 if equal(have, 2 * (want // 2)) else missing // 2  # at most one is missing
        halves = (half, missing // 2)
        if not any(equal(pad[2 * place], each) for each in halves):
            return None
        if not any(equal(pad[2 * place + 1], missing - each) for each in halves):
            return None
    return b(layer("PadTo"), value, like)


for _operator, _mode in (("reflection_pad", "reflect"), ("replication_pad", "replicate")):
    for _rank in (1, 2, 3):
        ROWS[f"{_operator}{_rank}d"] = lambda b, self, padding, _mode=_mode: padded(b, self, padding, _mode, None)


def padded(b: Builder, value: Value, pad: Sequence[Any], mode: str, number: Any) -> Value:
    """A value with more at its ends; negative amounts cut."""
    if all(each == 0 for each in pad):
        return value
    amounts = list(pad)
    for index, amount in enumerate(amounts):
        if isinstance(amount, int) and amount < 0:
            dim, end = value.rank - 1 - index // 2, index % 2
            fields = {"end": amount} if end else {"start": -amount}
            value = b(layer("Slice", dim=dim, **fields), value)
            amounts[index] = 0
    if all(each == 0 for each in amounts):
        return value
    more: dict[str, Any] = {} if mode == "constant" else {"mode": mode}
    more |= {"value": float(number)} if number else {}
    return b(layer("Pad", padding=tuple(amounts), **more), value)


@row("im2col")
def _(b: Builder, self: Value, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Value:
    return b(layer("Unfold", kernel_size=tuple(kernel_size), dilation=tuple(dilation), padding=tuple(padding),
                   stride=tuple(stride)), self)  # fmt: skip


@row("col2im")
def _(b: Builder, self: Value, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Value:
    return b(layer("Fold", output_size=tuple(output_size), kernel_size=tuple(kernel_size), dilation=tuple(dilation),
                   padding=tuple(padding), stride=tuple(stride)), self)  # fmt: skip


def resized(b: Builder, value: Value, mode: str, size: Any, scales: Any, corners: bool | None) -> Value:
    """A picture in another size, by a factor if it is given."""
    known = [scale for scale in scales if scale is not None]
    if known and len(known) == value.rank - 2:
        whole = tuple(int(scale) if float(scale).is_integer() else float(scale) for scale in known)
        factor = whole[0] if len(set(whole)) == 1 else whole
        return b(layer("Upsample", scale_factor=factor, mode=mode, align_corners=corners or None), value)
    if size is None:
        raise Unsaid("neither a size nor a factor is given")
    return b(layer("Upsample", size=tuple(size), mode=mode, align_corners=corners or None), value)


for _dims in (1, 2, 3):
    for _mode, _name in (("nearest", "nearest"), ("linear", ("linear", "bilinear", "trilinear")[_dims - 1])):

        def _upsample(b: Builder, self: Value = None, _mode: str = _name, align_corners: bool | None = None,  # type: ignore[assignment]
                      input: Any = None, output_size: Any = None, scale_factors: Any = None, scales: Any = None,
                      scales_d: Any = None, scales_h: Any = None, scales_w: Any = None) -> Value:  # fmt: skip
            factors = scale_factors or [each for each in (scales_d, scales_h, scales_w, scales) if each is not None]
            return resized(b, self or input, _mode, output_size, factors, align_corners)

        ROWS[f"upsample_{_name}{_dims}d"] = _upsample


@row("upsample_bicubic2d")
def _(b: Builder, self: Any = None, align_corners: bool = False, input: Any = None, output_size: Any = None,
      scale_factors: Any = None, scales_h: Any = None, scales_w: Any = None) -> Value:  # fmt: skip
    factors = scale_factors or [each for each in (scales_h, scales_w) if each is not None]
    return resized(b, self or input, "bicubic", output_size, factors, align_corners)


@row("grid_sampler", "grid_sampler_2d")
def _(b: Builder, input: Value, grid: Value, interpolation_mode: int, padding_mode: int, align_corners: bool) -> Value:
    modes, paddings = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")
    return b(layer("GridSample", mode=modes[interpolation_mode], padding_mode=paddings[padding_mode],
                   align_corners=align_corners), input, grid)  # fmt: skip
