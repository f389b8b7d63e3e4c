"""Pools: the power average of a sliding window."""

from typing import Annotated, ClassVar

from nnspec.layers.base import Example
from nnspec.layers.numbers import PositiveInt, Told, Within
from nnspec.layers.pooling import Pool
from nnspec.layers.tensor_type import TensorType
from nnspec.layers.window import (
    Counts,
    Window,
)

Norm = Annotated[PositiveInt | Annotated[float, Within(gt=0, finite=True)], Told("a number greater than 0")]


class _LPPool(Pool):
    """The three power-average pools."""

    by_position: ClassVar[tuple[str, ...]] = ("norm_type", "kernel_size")

    norm_type: Norm
    kernel_size: Counts
    stride: Counts | None = None
    ceil_mode: bool = False

    def windows(self, input: TensorType) -> tuple[Window, ...]:
        return self.slide(input, self.kernel_size, self.stride)

    def rounds_up(self) -> bool:
        return self.ceil_mode


class LPPool1d(_LPPool):
    """The p-norm of each window, (sum of x**p) ** (1/p) with p = `norm_type`.

    Windows that end outside (`ceil_mode`) are scaled up as if they were whole. An odd p is meant for positive values.
    Shapes: [N, C, L] -> [N, C, (L - kernel_size)//stride + 1].
    Raises an error where the window does not fit. Source: torch.nn.LPPool1d.
    """

    dims: ClassVar[int] = 1
    examples: ClassVar = (
        Example("LPPool1d(2, 3)", ("float[3, T]",)),
        Example("LPPool1d(2, 3)", ("float[N, 3, T]",)),
        Example("LPPool1d(2, [3])", ("float[N, 3, T]",)),
        Example("LPPool1d(4, 3, stride = 2, ceil_mode = true)", ("float[N, 3, T]",)),
    )


class LPPool2d(_LPPool):
    """The p-norm of each window, (sum of x**p) ** (1/p) with p = `norm_type`.

    Windows that end outside (`ceil_mode`) are scaled up as if they were whole. An odd p is meant for positive values.
    Shapes: [N, C, H, W] -> [N, C, (H - kernel_size)//stride + 1, ...].
    Raises an error where the window does not fit. Source: torch.nn.LPPool2d.
    """

    dims: ClassVar[int] = 2
    examples: ClassVar = (
        Example("LPPool2d(2, 2)"),
        Example("LPPool2d(1, [3, 2], stride = 2, ceil_mode = true)"),
    )


class LPPool3d(_LPPool):
    """The p-norm of each window, (sum of x**p) ** (1/p) with p = `norm_type`.

    Windows that end outside (`ceil_mode`) are scaled up as if they were whole. An odd p is meant for positive values.
    Shapes: [N, C, D, H, W] -> [N, C, (D - kernel_size)//stride + 1, ...].
    Raises an error where the window does not fit. Source: torch.nn.LPPool3d.
    """

    dims: ClassVar[int] = 3
    fits_unpadded: ClassVar[bool] = True
    examples: ClassVar = (Example("LPPool3d(2, 2, ceil_mode = true)", ("float[N, 3, 4, 5, 6]",)),)
