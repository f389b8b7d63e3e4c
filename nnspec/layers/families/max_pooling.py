"""Pools: the largest value of a sliding window."""

from typing import ClassVar

from nnspec.layers.base import Example
from nnspec.layers.pooling import Padding, Pool
from nnspec.layers.tensor_type import TensorType
from nnspec.layers.window import (
    Counts,
    Window,
)


class _MaxPool(Pool):
    """The three max pools."""

    by_position: ClassVar[tuple[str, ...]] = ("kernel_size",)

    kernel_size: Counts
    stride: Counts | None = None
    padding: Padding = 0
    dilation: Counts = 1
    ceil_mode: bool = False

    def windows(self, input: TensorType) -> tuple[Window, ...]:
        return self.slide(input, self.kernel_size, self.stride, self.padding, self.dilation)

    def rounds_up(self) -> bool:
        return self.ceil_mode


class MaxPool1d(_MaxPool):
    """The largest value of each window; the stride is the window's size if it is not given.

    `padding` is a number, one for each dimension, a pair [begin, end] for each, or "same_upper" (Keras' 'same'); what
    is padded never is the largest. `ceil_mode` lets a last window end outside.
    Shapes: [N, C, L] -> [N, C, (L + padding - dilation*(kernel_size - 1) - 1)//stride + 1].
    Raises an error where the window does not fit. Source: torch.nn.MaxPool1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("MaxPool1d(2)", ("float[N, 3, T]",)),
        Example("MaxPool1d(3, stride = 2, padding = 1, ceil_mode = true)", ("float[N, 3, T]",)),
        Example("MaxPool1d(3, stride = 1, padding = [[1, 0]], dilation = 2)", ("float[N, 3, T]",)),
    )


class MaxPool2d(_MaxPool):
    """The largest value of each window; the stride is the window's size if it is not given.

    `padding` is a number, one for each dimension, a pair [begin, end] for each, or "same_upper" (Keras' 'same'); what
    is padded never is the largest. `ceil_mode` lets a last window end outside.
    Shapes: [N, C, H, W] -> [N, C, (H + padding - dilation*(kernel_size - 1) - 1)//stride + 1, ...].
    Raises an error where the window does not fit. Source: torch.nn.MaxPool2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example('MaxPool2d(3, stride = 2, padding = "same_upper")', ("float[3, 8, 9]",)),
        Example("MaxPool2d(2)"),
        Example("MaxPool2d(3, stride = 2, padding = 1)"),
        Example("MaxPool2d(3, stride = 2, ceil_mode = true)", sizes={"H": 10, "W": 11}),
        Example("MaxPool2d(3, stride = 1, padding = 1, ceil_mode = true)"),
        Example("MaxPool2d([2, 3], stride = [3, 1], padding = [1, 0], dilation = [1, 2], ceil_mode = true)"),
        Example("MaxPool2d(2, stride = 3, dilation = 3, ceil_mode = true)"),
        Example('MaxPool2d(3, stride = 2, padding = "same_upper")', ("float[N, 3, 2*h, 9]",), {"h": 4}),
        Example("MaxPool2d(4, padding = [[0, 2], [1, 1]])"),
    )


class MaxPool3d(_MaxPool):
    """The largest value of each window; the stride is the window's size if it is not given.

    `padding` is a number, one for each dimension, a pair [begin, end] for each, or "same_upper" (Keras' 'same'); what
    is padded never is the largest. `ceil_mode` lets a last window end outside.
    Shapes: [N, C, D, H, W] -> [N, C, (D + padding - dilation*(kernel_size - 1) - 1)//stride + 1, ...].
    Raises an error where the window does not fit. Source: torch.nn.MaxPool3d.
    """

    dims: ClassVar[int] = 3
    examples: ClassVar = (
        Example("MaxPool3d(2)", ("float[N, 3, D, H, W]",), {"D": 5, "H": 4, "W": 6}),
        Example("MaxPool3d([1, 3, 3], stride = [1, 2, 2], padding = [0, 1, 1])", ("float[N, 3, 3, 5, 6]",)),
        Example("MaxPool3d(2, stride = 2, ceil_mode = true)", ("float[N, 3, D, 5, 6]",), {"D": 5}),
        Example('MaxPool3d(2, stride = 2, padding = "same_upper")', ("float[N, 3, 3, 5, 6]",)),
    )
