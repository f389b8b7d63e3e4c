"""Unfolding an image into its windows, and folding windows back into an image."""

from math import prod
from typing import ClassVar

from nnspec.dims import Size, equal, product
from nnspec.layers.base import Example
from nnspec.layers.batched import Batched
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype, need_rank, number
from nnspec.layers.window import Amounts, Counts, Extents, Sight, Window, each, places


class Unfold(Batched):
    """Each window of an image as a column (im2col).

    Shapes: [N, C, H, W] -> [N, C*prod(kernel_size), places]. Raises an error where the window does not fit.
    Source: torch.nn.Unfold.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("kernel_size",)

    kernel_size: Counts
    dilation: Counts = 1
    padding: Amounts = 0
    stride: Counts = 1

    examples: ClassVar = (
        Example("Unfold(2)", ("float[3, H, W]",)),
        Example("Unfold(2, stride = 2)"),
        Example("Unfold([3, 2], dilation = [1, 2], padding = 1)", ("float[N, 3, 5, W]",)),
        Example("Unfold(3)", ("float[N, 2, 5, 6]",)),
    )

    def windows(self, *inputs: TensorType) -> tuple[Window, ...]:
        return windows_of(self)

    def arithmetic(self, input: TensorType) -> tuple[str, ...]:
        windows = windows_of(self)
        column = " * ".join(str(size) for size in (input.shape[1], *(window.kernel for window in windows)))
        return column, " * ".join(f"({text})" for text in map(Window.written, windows, input.shape[2:]))

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(None),) * 2  # the places of both dimensions become one

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_rank(input, 4)
        windows = windows_of(self)
        channels = number(input.shape[1], "dimension 1 (the channels)") * prod(window.kernel for window in windows)
        return input.with_shape(input.shape[0], channels, product(places(windows, input)))


class Fold(Batched):
    """Adds up columns as windows of an image of `output_size` (col2im): the transpose of Unfold.

    Shapes: [N, C*prod(kernel_size), places] -> [N, C, *output_size].
    Raises an error where the image has another number of places. Source: torch.nn.Fold.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("output_size", "kernel_size")

    output_size: Extents
    kernel_size: Counts
    dilation: Counts = 1
    padding: Amounts = 0
    stride: Counts = 1

    examples: ClassVar = (
        Example("Fold(6, 2, stride = 2)", ("float[12, 9]",)),
        Example("Fold(6, 2, stride = 2)", ("float[N, 12, 9]",)),
        Example("Fold([5, 6], [3, 2], padding = [1, 0])", ("float[N, 12, 25]",)),
        Example("Fold([7, 6], 2, dilation = 2, stride = [1, 2])", ("float[N, 8, 10]",)),
    )

    @property
    def batch_rank(self) -> int:
        return 3

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(None),)

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_rank(input, 3)
        windows = windows_of(self)
        area = prod(window.kernel for window in windows)
        channels = number(input.shape[1], "dimension 1 (the channels)")
        if channels % area:
            raise InputError(
                f"{channels} channels are no windows of {area} elements: {input}",
                help=f"give {area} for each channel that comes out",
            )
        sizes: tuple[Size, ...] = each(self.output_size, 2, "output_size")
        image = input.with_shape(input.shape[0], channels // area, *sizes)
        count = product(places(windows, image))
        if not equal(input.shape[2], count):
            raise InputError(
                f"an image {image} has {count} windows, and the input {input.shape[2]}: {input}",
                help="change output_size, or the stride and the padding",
            )
        return image


def windows_of(layer: Unfold | Fold) -> tuple[Window, ...]:
    """The window along the height and the width."""
    paddings = each(layer.padding, 2, "padding")
    kernels, strides = each(layer.kernel_size, 2, "kernel_size"), each(layer.stride, 2, "stride")
    return tuple(map(Window, kernels, strides, each(layer.dilation, 2, "dilation"), paddings, paddings))
