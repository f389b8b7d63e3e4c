"""Standardising by numbers that are known: what is done to data before a network sees it, as a part of the network."""

from typing import Annotated, ClassVar

from nnspec.layers.base import Example, Layer
from nnspec.layers.numbers import FiniteFloat, Nonempty
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype

_Numbers = Annotated[tuple[FiniteFloat, ...], Nonempty()]


class Normalize(Layer):
    """(x - mean) / std, with a number for each channel or one for all of them.

    The means and deviations are those of the data, and no weights. Channels are dimension 1. What `nnspec train` has
    normalised its inputs by becomes this layer in front of the network when the weights are exported.

    Shapes: any -> the same. Source: torchvision.transforms.Normalize.
    """

    by_position: ClassVar[tuple[str, ...]] = ("mean", "std")
    pointwise: ClassVar[bool] = True
    examples: ClassVar = (
        Example("Normalize(mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225])"),
        Example("Normalize(mean = [0.1307], std = [0.3081])", ("float[N, 1, H, W]",)),
        Example("Normalize(mean = [1, 20.5], std = [0.5, 4])", ("float[N, 2]",)),
        Example("Normalize(mean = [0.5], std = [0.25])", ("float[T]",)),
    )

    mean: _Numbers
    std: _Numbers

    @property
    def apart(self) -> bool:
        """Whether channels have numbers of their own."""
        return max(len(self.mean), len(self.std)) > 1

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        for name, numbers in (("mean", self.mean), ("std", self.std)):
            if len(numbers) > 1 and input.rank < 2:
                raise InputError(f"has no channels: {input}", help="give one number for all of it")
            if len(numbers) > 1 and input.shape[1] != len(numbers):
                raise ArgumentError(
                    name, f"has {len(numbers)} numbers, and there are {input.shape[1]} channels: {input}",
                    help="give one number for all channels, or one for each",
                )  # fmt: skip
        if min(self.std) <= 0:
            raise ArgumentError("std", f"{min(self.std):g} is no deviation, which is above 0")
        return input
