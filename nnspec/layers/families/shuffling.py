"""Shuffling: elements that move between the channels and the image, or between groups of channels."""

from fractions import Fraction
from typing import ClassVar

from nnspec.dims import Size, Undecidable, exact_divide
from nnspec.layers.base import Example, Layer
from nnspec.layers.batched import Batched
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_rank, number
from nnspec.layers.window import Sight, Window, seen


class PixelShuffle(Batched):
    """Spreads channels over the image: `upscale_factor`**2 channels become one that is larger by the factor.

    Shapes: [N, C*r*r, H, W] -> [N, C, H*r, W*r] with r = `upscale_factor`.
    Raises an error where the channels are no multiple of r*r. Source: Shi et al. 2016; torch.nn.PixelShuffle.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("upscale_factor",)

    upscale_factor: PositiveInt

    examples: ClassVar = (
        Example("PixelShuffle(2)", ("float[12, H, W]",)),
        Example("PixelShuffle(2)", ("float[N, 12, H, W]",)),
        Example("PixelShuffle(3)", ("float[N, 9, 4, 5]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_rank(input, 4)
        factor = self.upscale_factor
        channels = number(input.shape[1], "dimension 1 (the channels)")
        if channels % (factor * factor):
            raise ArgumentError(
                "upscale_factor",
                f"{channels} channels cannot be spread over {factor} x {factor} places",
                help=f"give {factor * factor} channels for each one that comes out",
            )
        return input.with_shape(
            input.shape[0], channels // (factor * factor), input.shape[2] * factor, input.shape[3] * factor
        )

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return (Sight(Fraction(self.upscale_factor - 1, self.upscale_factor), Fraction(1, self.upscale_factor)),) * 2


class PixelUnshuffle(Batched):
    """Gathers squares of the image into channels: the reverse of PixelShuffle.

    Shapes: [N, C, H*r, W*r] -> [N, C*r*r, H, W] with r = `downscale_factor`.
    Raises an error where the height or the width is not known to be a multiple of r.
    Source: torch.nn.PixelUnshuffle.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("downscale_factor",)

    downscale_factor: PositiveInt

    examples: ClassVar = (
        Example("PixelUnshuffle(2)", ("float[N, 3, 4*h, 6]",), {"h": 2}),
        Example("PixelUnshuffle(3)", ("float[N, C, 3*h, 9]",), {"h": 2}),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_rank(input, 4)
        factor = self.downscale_factor
        height, width = self._divided(input, 2), self._divided(input, 3)
        return input.with_shape(input.shape[0], input.shape[1] * (factor * factor), height, width)

    def sight(self, input: TensorType) -> tuple[Sight, ...]:
        return seen((Window(self.downscale_factor, self.downscale_factor),) * 2)

    def _divided(self, input: TensorType, dim: int) -> Size:
        try:
            return exact_divide(input.shape[dim], self.downscale_factor)
        except Undecidable:
            raise InputError(
                f"dimension {dim} of {input} is not known to be a multiple of {self.downscale_factor}",
                help=f"pad it before, or write a size such as {self.downscale_factor}*h in the input's shape",
            ) from None


class ChannelShuffle(Layer):
    """Takes channels from each of the `groups` in turn, so that the next grouped convolution mixes them.

    Shapes: [N, C, ...], kept. Raises an error where C is no multiple of `groups`.
    Source: Zhang et al. 2018 (ShuffleNet); torch.nn.ChannelShuffle.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("groups",)

    groups: PositiveInt

    examples: ClassVar = (
        Example("ChannelShuffle(3)", ("float[N, 6, H, W]",)),
        Example("ChannelShuffle(2)", ("float[N, 6, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        if input.rank < 3:
            raise InputError(f"needs channels and places ([N, C, L] or more dimensions), and gets {input}")
        channels = number(input.shape[1], "dimension 1 (the channels)")
        if channels % self.groups:
            raise ArgumentError(
                "groups",
                f"{channels} channels cannot be divided into {self.groups} groups",
                help=f"take a divisor of {channels}",
            )
        return input
