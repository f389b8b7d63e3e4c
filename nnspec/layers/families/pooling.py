"""Pools: the largest, the average or the power average of a sliding window."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from nnspec.layers.base import ArgumentError, Example, Layer, TensorType
from nnspec.layers.window import (
    MARGINS,
    Counts,
    Margins,
    Window,
    each,
    margins,
    places,
    same_upper_margins,
    spatial,
    told,
)

Norm = Annotated[PositiveInt | Annotated[float, Field(gt=0, allow_inf_nan=False)], told("a number greater than 0")]

Padding = Annotated[Margins | Literal["same_upper"], told(f'{MARGINS} or "same_upper"')]


class _Pool(Layer):
    """What the pools share: windows along each dimension, and the places that they have."""

    dims: ClassVar[int] = 2

    @abstractmethod
    def windows(self, input: TensorType) -> tuple[Window, ...]:
        """The window along each spatial dimension, with its padding."""

    @abstractmethod
    def rounds_up(self) -> bool:
        """Whether a last window may end outside of the padded input (torch's ceil_mode)."""

    def slide(
        self,
        input: TensorType,
        kernel_size: Counts,
        stride: Counts | None,
        padding: Margins | Literal["same_upper"] = 0,
        dilation: Counts = 1,
    ) -> tuple[Window, ...]:
        """The windows of these arguments.

        Raises:
            ArgumentError: more padding than half of the window, or ceil_mode with different padding at the ends.
        """
        sizes = spatial(input, self.dims, self.kind)
        kernels = each(kernel_size, self.dims, "kernel_size")
        strides = kernels if stride is None else each(stride, self.dims, "stride")
        bare = tuple(map(Window, kernels, strides, each(dilation, self.dims, "dilation")))
        pairs = same_upper_margins(bare, sizes) if padding == "same_upper" else margins(padding, self.dims)
        for kernel, pair in zip(kernels, pairs, strict=True):
            if padding != "same_upper" and max(pair) > kernel // 2:
                raise ArgumentError(
                    "padding",
                    f"{max(pair)} is too much for a window of {kernel}: some windows would see padding only",
                    help=f"a pool is padded by half of its window at most: {kernel // 2}",
                )
        if self.rounds_up() and any(begin != end for begin, end in pairs):
            raise ArgumentError(
                "ceil_mode",
                "cannot be combined with different padding at the beginning and at the end",
                help="leave ceil_mode out, and pad the end by as much as the last window needs",
            )
        return tuple(
            Window(window.kernel, window.stride, window.dilation, *pair)
            for window, pair in zip(bare, pairs, strict=True)
        )

    def infer(self, input: TensorType) -> TensorType:
        return input.with_shape(*input.shape[:2], *places(self.extended(input), input))

    def extended(self, input: TensorType) -> tuple[Window, ...]:
        """The windows with the padding at the end that ceil_mode amounts to."""
        return tuple(
            Window(
                window.kernel,
                window.stride,
                window.dilation,
                window.begin,
                window.end + window.overhang(self.rounds_up()),
            )
            for window in self.windows(input)
        )


class _MaxPool(_Pool):
    """The three max pools."""

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
        Example("MaxPool1d(3, 2, padding = 1, ceil_mode = true)", ("float[N, 3, T]",)),
        Example("MaxPool1d(3, 1, padding = [[1, 0]], dilation = 2)", ("float[N, 3, T]",)),
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
        Example("MaxPool2d(2)"),
        Example("MaxPool2d(3, stride = 2, padding = 1)"),
        Example("MaxPool2d(3, 2, ceil_mode = true)", sizes={"H": 10, "W": 11}),
        Example("MaxPool2d(3, stride = 1, padding = 1, ceil_mode = true)"),
        Example("MaxPool2d([2, 3], [3, 1], padding = [1, 0], dilation = [1, 2], ceil_mode = true)"),
        Example("MaxPool2d(2, 3, dilation = 3, ceil_mode = true)"),
        Example('MaxPool2d(3, 2, padding = "same_upper")', ("float[N, 3, 2*h, 9]",), {"h": 4}),
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
        Example("MaxPool3d([1, 3, 3], [1, 2, 2], padding = [0, 1, 1])", ("float[N, 3, 3, 5, 6]",)),
        Example("MaxPool3d(2, 2, ceil_mode = true)", ("float[N, 3, D, 5, 6]",), {"D": 5}),
        Example('MaxPool3d(2, 2, padding = "same_upper")', ("float[N, 3, 3, 5, 6]",)),
    )


class _AvgPool(_Pool):
    """The three average pools."""

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
        """What the sum of a window is divided by, if not by the number of its elements."""
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
        Example("AvgPool1d(3, 1)", ("float[N, 3, T]",)),
        Example("AvgPool1d(4, 2, padding = 2, ceil_mode = true)", ("float[N, 3, T]",)),
        Example('AvgPool1d(2, 1, padding = "same_upper", count_include_pad = false)', ("float[N, 3, T]",)),
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
        Example("AvgPool2d(2)"),
        Example("AvgPool2d(3, 1, padding = 1)"),
        Example("AvgPool2d([3, 2], 2, padding = [1, 0], ceil_mode = true)", sizes={"H": 8, "W": 9}),
        Example("AvgPool2d(3, 2, 1, ceil_mode = true, count_include_pad = false)", sizes={"H": 8, "W": 9}),
        Example("AvgPool2d(3, 2, 1, ceil_mode = true, divisor_override = 5)", sizes={"H": 8, "W": 9}),
        Example("AvgPool2d(3, 2, padding = [[0, 1], [1, 1]])"),
        Example("AvgPool2d(3, 2, padding = [[0, 1], [1, 1]], divisor_override = 2)"),
        Example('AvgPool2d(3, 2, padding = "same_upper", count_include_pad = false)', ("float[N, 3, 8, 9]",)),
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
    examples: ClassVar = (
        Example("AvgPool3d(2)", ("float[N, 3, D, H, W]",), {"D": 5, "H": 4, "W": 6}),
        Example("AvgPool3d(3, 2, padding = 1, ceil_mode = true)", ("float[N, 3, 4, 5, 6]",)),
        Example(
            "AvgPool3d(2, 2, padding = [[0, 1], [0, 0], [1, 0]], count_include_pad = false)", ("float[N, 3, 3, 4, 5]",)
        ),
    )


class _LPPool(_Pool):
    """The three power-average pools."""

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
        Example("LPPool1d(2, 3)", ("float[N, 3, T]",)),
        Example("LPPool1d(4, 3, 2, ceil_mode = true)", ("float[N, 3, T]",)),
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
    examples: ClassVar = (Example("LPPool3d(2, 2, ceil_mode = true)", ("float[N, 3, 4, 5, 6]",)),)
