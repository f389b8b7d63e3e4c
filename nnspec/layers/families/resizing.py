"""Resizing: more or fewer places along the spatial dimensions, by repeating or by interpolating."""

import math
from fractions import Fraction
from typing import Annotated, ClassVar, Literal

from nnspec.dims import Size, Undecidable, exact_divide
from nnspec.layers.base import Example, Layer
from nnspec.layers.numbers import PositiveInt, Told, Within
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype
from nnspec.layers.window import Extents, Sight, each, need_room

Factor = PositiveInt | Annotated[float, Within(gt=0, finite=True)]
Factors = Annotated[Factor | tuple[Factor, ...], Told("a number greater than 0, or a list of them")]
Mode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"]

# The numbers of dimensions that each way of resizing takes.
RANKS: dict[Mode, tuple[int, ...]] = {
    "nearest": (3, 4, 5),
    "nearest-exact": (3, 4, 5),
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
}

# The neighbours along a dimension that each way of resizing reads.
TAPS: dict[Mode, int] = {
    "nearest": 1,
    "nearest-exact": 1,
    "linear": 2,
    "bilinear": 2,
    "bicubic": 4,
    "trilinear": 2,
}


class _Resize(Layer):
    """The base of the resizings: exactly one of a size and a factor."""

    samples_apart: ClassVar[bool] = True
    size: Extents | None = None
    scale_factor: Factors | None = None

    def way(self) -> Mode:
        """The interpolation between the given values."""
        return "nearest"

    def corners(self) -> bool:
        """Whether the outermost elements stay outermost (align_corners)."""
        return False

    def scales(self, input: TensorType) -> tuple[float, ...] | None:
        """The factor of each spatial dimension, if it is factors that are given."""
        return None if self.scale_factor is None else each(self.scale_factor, input.rank - 2, "scale_factor")

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        way, ranks = self.way(), RANKS[self.way()]
        if input.rank not in ranks:
            fitting = {3: "linear", 4: "bilinear", 5: "trilinear"}.get(input.rank)
            raise InputError(
                f"{way} resizing takes {' or '.join(map(str, ranks))} dimensions, and gets {input.rank}: {input}",
                help=f'{input.rank} dimensions are interpolated by Upsample(mode = "{fitting}")' if fitting else None,
            )
        scales = self.scales(input)
        if (self.size is None) == (scales is None):
            raise ArgumentError(
                "scale_factor",
                "give it, or a size" if scales is None else "cannot be given together with a size",
                help="write scale_factor = 2, or size = [H, W]",
            )
        if scales is None:
            sizes: tuple[Size | None, ...] = each(self.size, input.rank - 2, "size")
            return input.with_shape(*input.shape[:2], *(size for size in sizes if size is not None))
        resized = (scaled(size, scale) for size, scale in zip(input.shape[2:], scales, strict=True))
        result = input.with_shape(*input.shape[:2], *resized)
        for index, size in enumerate(result.shape[2:], start=2):
            need_room(size, f"nothing is left of dimension {index} of {input} by {scales[index - 2]}", "scale by more")
        return result

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        given, factors = input.shape[2:], self.scales(input)
        if factors is None:
            return tuple(map(self._seen, map(_ratio, self.infer(input).shape[2:], given)))
        return tuple(self._seen(Fraction(factor)) for factor in factors)

    def _seen(self, factor: Fraction | None) -> Sight:
        """What a place sees where there are `factor` places for one: TAPS neighbours, which many places may share."""
        if factor is None:
            return Sight(None)
        return Sight(TAPS[self.way()] - min(Fraction(1), 1 / factor), 1 / factor)


def _ratio(size: Size, given: Size) -> Fraction | None:
    """How many times as many places there are, if that depends on no symbol."""
    if isinstance(size, int) and isinstance(given, int):
        return Fraction(size, given)
    for one, other, up in ((size, given, True), (given, size, False)):
        try:
            times = exact_divide(one, other)
        except (Undecidable, ZeroDivisionError):
            continue
        if isinstance(times, int):
            return Fraction(times) if up else Fraction(1, times)
    return None


def scaled(size: Size, scale: float) -> Size:
    """floor(size * scale), as torch computes it.

    Raises:
        ArgumentError: the size is a symbol, and the scale no fraction that a float holds exactly.
    """
    if isinstance(size, int):
        return math.floor(size * scale)
    fraction = Fraction(scale)
    if fraction.denominator > 2**16:
        raise ArgumentError(
            "scale_factor",
            f"{scale} is rounded, so that {size} times it is not known exactly",
            help="take a factor such as 2, 1.5 or 0.25, or give the size",
        )
    return size * fraction.numerator // fraction.denominator


class Upsample(_Resize):
    """Resizes the spatial dimensions to `size` or by `scale_factor`, which may be less than 1.

    The modes are "nearest" (any dimensions), "nearest-exact", "linear" (of [N, C, L]), "bilinear" and "bicubic"
    (of [N, C, H, W]) and "trilinear" (of [N, C, D, H, W]). `align_corners = true` keeps the outermost elements in
    their places when it interpolates.
    Shapes: [N, C, H, W] -> [N, C, floor(H * scale_factor), floor(W * scale_factor)] or [N, C, *size].
    Raises an error where the size is not known exactly. Source: torch.nn.Upsample.
    """

    mode: Mode = "nearest"
    align_corners: bool | None = None

    examples: ClassVar = (
        Example("Upsample(scale_factor = 2)"),
        Example("Upsample(scale_factor = [1, 3])"),
        Example("Upsample(size = [7, 20])"),
        Example("Upsample(size = 14)", ("float[N, 3, 7]",)),
        Example("Upsample(scale_factor = 2.3)", ("float[N, 3, 7, 9]",)),
        Example("Upsample(scale_factor = 0.5)", ("float[N, 3, T]",)),
        Example("Upsample(size = [2*h, 5])", ("float[N, 3, h, W]",), {"h": 5}),
        Example("Upsample(size = [h, 6])", ("float[N, 3, 2*h, 3]",), {"h": 5}),
        Example("Upsample(scale_factor = 2)", ("float[N, 3, 2, 3, 4]",)),
        Example('Upsample(scale_factor = 1.5, mode = "nearest-exact")'),
        Example('Upsample(size = 9, mode = "nearest-exact")', ("float[N, 3, T]",)),
        Example('Upsample(scale_factor = 2, mode = "linear")', ("float[N, 3, T]",)),
        Example('Upsample(scale_factor = 2, mode = "bilinear", align_corners = true)'),
        Example('Upsample(scale_factor = 0.7, mode = "bilinear")', ("float[N, 3, 7, 10]",)),
        Example('Upsample(size = [5, 19], mode = "bilinear")'),
        Example('Upsample(size = [h, w], mode = "bilinear")', ("float[N, 3, 3*h, 2*w]",), {"h": 4, "w": 5}),
        Example('Upsample(scale_factor = 1.5, mode = "bicubic", align_corners = false)'),
        Example('Upsample(scale_factor = 2, mode = "trilinear")', ("float[N, 3, 2, 3, 4]",)),
    )

    def way(self) -> Mode:
        return self.mode

    def corners(self) -> bool:
        return bool(self.align_corners)

    def infer(self, input: TensorType) -> TensorType:
        if self.align_corners is not None and self.mode.startswith("nearest"):
            raise ArgumentError(
                "align_corners", f'means nothing in the mode "{self.mode}"', help='leave it out, or take "bilinear"'
            )
        return super().infer(input)


class _Resize2d(_Resize):
    """The resizings of images only."""

    def infer(self, input: TensorType) -> TensorType:
        if input.rank != 4:
            raise InputError(f"needs 4 dimensions [N, C, H, W], and gets {input.rank}: {input}", help="write Upsample")
        return super().infer(input)


class UpsamplingNearest2d(_Resize2d):
    """Resizes an image by repeating elements.

    Shapes: [N, C, H, W] -> [N, C, floor(H * scale_factor), floor(W * scale_factor)] or [N, C, *size].
    Source: torch.nn.UpsamplingNearest2d.
    """

    examples: ClassVar = (
        Example("UpsamplingNearest2d(scale_factor = 2)"),
        Example("UpsamplingNearest2d(size = [20, 5])"),
    )


class UpsamplingBilinear2d(_Resize2d):
    """Resizes an image by interpolating; the outermost elements stay outermost.

    Shapes: [N, C, H, W] -> [N, C, floor(H * scale_factor), floor(W * scale_factor)] or [N, C, *size].
    Source: torch.nn.UpsamplingBilinear2d.
    """

    examples: ClassVar = (
        Example("UpsamplingBilinear2d(scale_factor = 2)"),
        Example("UpsamplingBilinear2d(size = [20, 5])"),
    )

    def way(self) -> Mode:
        return "bilinear"

    def corners(self) -> bool:
        return True
