"""Pools: the average of a sliding window."""

from typing import ClassVar

from nnspec.layers.base import Example
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.pooling import Padding, Pool
from nnspec.layers.tensor_type import TensorType
from nnspec.layers.window import (
    Counts,
    Window,
)


class _AvgPool(Pool):
    """The three average pools."""

    by_position: ClassVar[tuple[str, ...]] = ("kernel_size",)

    kernel_size: Counts
    stride: Counts | None = None
    padding: Padding = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def windows(self, input: TensorType) -> tuple[Window, ...]:
        return self.slide(input, self.kernel_size, self.stride, self.padding)

    def rounds_up(self) -> bool:
        return self.ceil_mode

    @property
    def divisor(self) -> int | None:
        """The divisor of a window's sum, if it is not the number of its elements."""
        return None


class _AvgPoolWithDivisor(_AvgPool):
    """The average pools that may divide by another number."""

    divisor_override: PositiveInt | None = None

    @property
    def divisor(self) -> int | None:
        return self.divisor_override


class AvgPool1d(_AvgPool):
    """The average of each window; the stride is the window's size if it is not given.

    `padding` is a number, one for each dimension, a pair [begin, end] for each, or "same_upper"; padded zeros count
    unless `count_include_pad = false` (Keras' pool is "same_upper" without counting them). `ceil_mode` lets a last
    window end outside; what is outside never counts.
    Shapes: [N, C, L] -> [N, C, (L + padding - kernel_size)//stride + 1].
    Raises an error where the window does not fit. Source: torch.nn.AvgPool1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("AvgPool1d(3, stride = 1)", ("float[N, 3, T]",)),
        Example("AvgPool1d(4, stride = 2, padding = 2, ceil_mode = true)", ("float[N, 3, T]",)),
        Example('AvgPool1d(2, stride = 1, padding = "same_upper", count_include_pad = false)', ("float[N, 3, T]",)),
    )


class AvgPool2d(_AvgPoolWithDivisor):
    """The average of each window; the stride is the window's size if it is not given.

    `padding` is a number, one for each dimension, a pair [begin, end] for each, or "same_upper"; padded zeros count
    unless `count_include_pad = false` (Keras' pool is "same_upper" without counting them). `ceil_mode` lets a last
    window end outside; what is outside never counts. `divisor_override` is divided by instead of the count.
    Shapes: [N, C, H, W] -> [N, C, (H + padding - kernel_size)//stride + 1, ...].
    Raises an error where the window does not fit. Source: torch.nn.AvgPool2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example('AvgPool2d(3, stride = 2, padding = "same_upper", count_include_pad = false)', ("float[3, 8, 9]",)),
        Example("AvgPool2d(2)", ("float[3, H, W]",)),
        Example("AvgPool2d(2)"),
        Example("AvgPool2d(3, stride = 1, padding = 1)"),
        Example("AvgPool2d([3, 2], stride = 2, padding = [1, 0], ceil_mode = true)", sizes={"H": 8, "W": 9}),
        Example(
            "AvgPool2d(3, stride = 2, padding = 1, ceil_mode = true, count_include_pad = false)", sizes={"H": 8, "W": 9}
        ),
        Example(
            "AvgPool2d(3, stride = 2, padding = 1, ceil_mode = true, divisor_override = 5)", sizes={"H": 8, "W": 9}
        ),
        Example("AvgPool2d(3, stride = 2, padding = [[0, 1], [1, 1]])"),
        Example("AvgPool2d(3, stride = 2, padding = [[0, 1], [1, 1]], divisor_override = 2)"),
        Example('AvgPool2d(3, stride = 2, padding = "same_upper", count_include_pad = false)', ("float[N, 3, 8, 9]",)),
    )


class AvgPool3d(_AvgPoolWithDivisor):
    """The average of each window; the stride is the window's size if it is not given.

    `padding` is a number, one for each dimension, a pair [begin, end] for each, or "same_upper"; padded zeros count
    unless `count_include_pad = false` (Keras' pool is "same_upper" without counting them). `ceil_mode` lets a last
    window end outside; what is outside never counts. `divisor_override` is divided by instead of the count.
    Shapes: [N, C, D, H, W] -> [N, C, (D + padding - kernel_size)//stride + 1, ...].
    Raises an error where the window does not fit. Source: torch.nn.AvgPool3d.
    """

    dims: ClassVar[int] = 3
    fits_unpadded: ClassVar[bool] = True
    examples: ClassVar = (
        Example("AvgPool3d(2)", ("float[N, 3, D, H, W]",), {"D": 5, "H": 4, "W": 6}),
        Example("AvgPool3d(3, stride = 2, padding = 1, ceil_mode = true)", ("float[N, 3, 4, 5, 6]",)),
        Example(
            "AvgPool3d(2, stride = 2, padding = [[0, 1], [0, 0], [1, 0]], count_include_pad = false)",
            ("float[N, 3, 3, 4, 5]",),
        ),
    )
