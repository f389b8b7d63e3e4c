"""The base of the pools: a window that slides, with padding at both ends and a last place that may hang over."""

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

from nnspec.layers.batched import Batched
from nnspec.layers.numbers import Told
from nnspec.layers.tensor_type import ArgumentError, TensorType
from nnspec.layers.window import (
    MARGINS,
    Counts,
    Margins,
    Sight,
    Window,
    each,
    margins,
    places,
    same_upper_margins,
    seen,
    spatial,
)

Padding = Annotated[Margins | Literal["same_upper"], Told(f'{MARGINS} or "same_upper"')]


class Pool(Batched):
    """The base of the pools: windows along each dimension, and the places that they have."""

    samples_apart: ClassVar[bool] = True
    # A window must fit into the input without its padding: torch's averages in three dimensions ask for that, unless
    # the padding is written as a step of its own, which it is where the two ends differ.
    fits_unpadded: ClassVar[bool] = False

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
        for window, size in zip(bare, sizes, strict=True):
            if padding == "same_upper" and window.dilation > 1 and isinstance(size, int) and window.extent > size:
                raise ArgumentError(
                    "dilation",
                    f"spreads a window over {window.extent} places of {size}: some would see padding only",
                    help="take a smaller dilation, or a smaller window",
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
        windows = self.windows(input)
        if self.fits_unpadded and all(window.begin == window.end for window in windows):
            places(tuple(Window(window.kernel, window.stride) for window in windows), input)
        return input.with_shape(*input.shape[:2], *places(self.extended(input), input))

    def arithmetic(self, input: TensorType) -> tuple[str, ...]:
        return tuple(map(Window.written, self.extended(input), input.shape[2:]))

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return seen(self.windows(input))

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
