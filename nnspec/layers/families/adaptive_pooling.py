"""Pools to a given size, and global pools, which are those to size 1.

Cell i of `out` along a dimension of size n reaches from floor(i*n/out) to ceil((i + 1)*n/out).
"""

from fractions import Fraction
from typing import Annotated, ClassVar

from nnspec.dims import Size
from nnspec.layers.base import Example
from nnspec.layers.batched import Batched
from nnspec.layers.numbers import PositiveInt, Told
from nnspec.layers.tensor_type import ArgumentError, TensorType
from nnspec.layers.window import Sight, each, spatial


class _ToSize(Batched):
    """Their base: the size of each spatial dimension of the result."""

    samples_apart: ClassVar[bool] = True

    def target(self) -> tuple[int | None, ...]:
        """The size of each spatial dimension, None where it is kept."""
        return (1,) * self.dims

    def infer(self, input: TensorType) -> TensorType:
        given = spatial(input, self.dims, self.kind)
        sizes: list[Size] = [
            size if wanted is None else wanted for size, wanted in zip(given, self.target(), strict=True)
        ]
        return input.with_shape(*input.shape[:2], *sizes)

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return tuple(map(_cell, spatial(input, self.dims, self.kind), self.target()))


def _cell(size: Size, wanted: int | None) -> Sight:
    """What a cell sees, the largest of them where they are not alike."""
    if wanted is None:
        return Sight()
    if wanted == 1 or not isinstance(size, int):
        return Sight("all" if wanted == 1 else None)
    return Sight(Fraction(size // wanted - 1 if size % wanted == 0 else -(-size // wanted)), Fraction(size, wanted))


class _AdaptivePool(_ToSize):
    """The adaptive pools."""

    by_position: ClassVar[tuple[str, ...]] = ("output_size",)

    output_size: Annotated[
        PositiveInt | tuple[PositiveInt | None, ...], Told("an integer of 1 or more, or a list of them and none")
    ]

    def target(self) -> tuple[int | None, ...]:
        wanted: int | tuple[int | None, ...] | None = self.output_size
        target = each(wanted, self.dims, "output_size")
        if target == (None,):
            raise ArgumentError("output_size", "keeps the one dimension that there is", help="leave the pool out")
        return target


class AdaptiveAvgPool1d(_AdaptivePool):
    """Averages over as many cells as `output_size` says, whatever the size that comes in.

    Shapes: [N, C, L] -> [N, C, output_size]. Source: torch.nn.AdaptiveAvgPool1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("AdaptiveAvgPool1d(3)", ("float[N, 3, T]",)),
        Example("AdaptiveAvgPool1d(4)", ("float[N, 3, 8]",)),
    )


class AdaptiveAvgPool2d(_AdaptivePool):
    """Averages over as many cells as `output_size` says, whatever the size that comes in; `none` keeps a dimension.

    Shapes: [N, C, H, W] -> [N, C, *output_size]. Source: torch.nn.AdaptiveAvgPool2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example("AdaptiveAvgPool2d([5, 7])", ("float[3, H, W]",)),
        Example("AdaptiveAvgPool2d(1)"),
        Example("AdaptiveAvgPool2d([5, 7])"),
        Example("AdaptiveAvgPool2d([none, 3])"),
        Example("AdaptiveAvgPool2d([1, 4])", ("float[N, 3, H, 8]",)),
        Example("AdaptiveAvgPool2d(3)", ("float[N, 3, 7, 9]",)),
        Example("AdaptiveAvgPool2d(6)", ("float[N, 3, 4, 6]",)),
    )


class AdaptiveAvgPool3d(_AdaptivePool):
    """Averages over as many cells as `output_size` says, whatever the size that comes in; `none` keeps a dimension.

    Shapes: [N, C, D, H, W] -> [N, C, *output_size]. Source: torch.nn.AdaptiveAvgPool3d.
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (
        Example("AdaptiveAvgPool3d([1, 2, none])", ("float[N, 3, D, H, W]",), {"D": 4, "H": 5, "W": 6}),
        Example("AdaptiveAvgPool3d([2, 2, 3])", ("float[N, 3, 4, 5, 6]",)),
    )


class AdaptiveMaxPool1d(_AdaptivePool):
    """The largest value of each of as many cells as `output_size` says.

    Shapes: [N, C, L] -> [N, C, output_size]. Source: torch.nn.AdaptiveMaxPool1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("AdaptiveMaxPool1d(3)", ("float[N, 3, T]",)),
        Example("AdaptiveMaxPool1d(4)", ("float[N, 3, 8]",)),
    )


class AdaptiveMaxPool2d(_AdaptivePool):
    """The largest value of each of as many cells as `output_size` says; `none` keeps a dimension.

    Shapes: [N, C, H, W] -> [N, C, *output_size]. Source: torch.nn.AdaptiveMaxPool2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example("AdaptiveMaxPool2d(1)"),
        Example("AdaptiveMaxPool2d([5, none])"),
        Example("AdaptiveMaxPool2d([1, 4])", ("float[N, 3, H, 8]",)),
        Example("AdaptiveMaxPool2d(3)", ("float[N, 3, 7, 9]",)),
    )


class AdaptiveMaxPool3d(_AdaptivePool):
    """The largest value of each of as many cells as `output_size` says; `none` keeps a dimension.

    Shapes: [N, C, D, H, W] -> [N, C, *output_size]. Source: torch.nn.AdaptiveMaxPool3d.
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (
        Example("AdaptiveMaxPool3d([1, 2, none])", ("float[N, 3, D, H, W]",), {"D": 4, "H": 5, "W": 6}),
    )


class GlobalAvgPool1d(_ToSize):
    """The average over the sequence.

    Shapes: [N, C, L] -> [N, C, 1]. Source: Lin et al. 2014; torch.nn.AdaptiveAvgPool1d(1).
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (Example("GlobalAvgPool1d", ("float[N, 3, T]",)),)


class GlobalAvgPool2d(_ToSize):
    """The average over the image.

    Shapes: [N, C, H, W] -> [N, C, 1, 1]. Source: Lin et al. 2014; torch.nn.AdaptiveAvgPool2d(1).
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (Example("GlobalAvgPool2d"), Example("GlobalAvgPool2d", ("float[N, C, 5, 1]",)))


class GlobalAvgPool3d(_ToSize):
    """The average over the volume.

    Shapes: [N, C, D, H, W] -> [N, C, 1, 1, 1]. Source: Lin et al. 2014; torch.nn.AdaptiveAvgPool3d(1).
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (Example("GlobalAvgPool3d", ("float[N, 3, 4, 5, 6]",)),)


class GlobalMaxPool1d(_ToSize):
    """The largest value of the sequence.

    Shapes: [N, C, L] -> [N, C, 1]. Source: torch.nn.AdaptiveMaxPool1d(1).
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (Example("GlobalMaxPool1d", ("float[N, 3, T]",)),)


class GlobalMaxPool2d(_ToSize):
    """The largest value of the image.

    Shapes: [N, C, H, W] -> [N, C, 1, 1]. Source: torch.nn.AdaptiveMaxPool2d(1).
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (Example("GlobalMaxPool2d"),)


class GlobalMaxPool3d(_ToSize):
    """The largest value of the volume.

    Shapes: [N, C, D, H, W] -> [N, C, 1, 1, 1]. Source: torch.nn.AdaptiveMaxPool3d(1).
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (Example("GlobalMaxPool3d", ("float[N, 3, 4, 5, 6]",)),)
