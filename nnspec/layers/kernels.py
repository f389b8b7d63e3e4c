"""The base of convolutions and transposed convolutions: kernels, groups and their weights."""

from typing import ClassVar

from nnspec.layers.base import Inferred, Weight
from nnspec.layers.batched import Batched
from nnspec.layers.initial import fans, torch_uniform
from nnspec.layers.normed import Normed
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import ArgumentError, TensorType, number
from nnspec.layers.window import (
    Counts,
    spatial,
)


class Kernels(Batched, Normed):
    """The base of convolutions and transposed convolutions: channels, groups, weights."""

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("out_channels", "kernel_size")
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("in_channels", 1, "channels"),)

    out_channels: PositiveInt
    kernel_size: Counts
    stride: Counts = 1

    def channels(self, input: TensorType, groups: int) -> int:
        """The number of incoming channels.

        Raises:
            InputError: the input has other dimensions, or a symbolic number of channels.
            ArgumentError: the groups do not divide the channels.
        """
        spatial(input, self.dims, self.kind)
        channels = number(input.shape[1], "dimension 1 (in_channels)")
        for count, which in ((channels, "incoming"), (self.out_channels, "outgoing")):
            if count % groups:
                raise ArgumentError(
                    "groups",
                    f"{count} {which} channels cannot be divided into {groups} groups",
                    help=f"take a number that divides both {channels} and {self.out_channels}",
                )
        return channels

    def kernels(self, shape: tuple[int, ...], bias: bool) -> tuple[Weight, ...]:
        """The weight of this shape and the bias, as they are stored."""
        default = torch_uniform(fans(shape)[0])
        weight = Weight("weight", shape, self.initial_weight(shape, default))
        own = (self.out_channels,)
        return self.stored(weight, Weight("bias", own, self.initial_bias(own, default)) if bias else None)
