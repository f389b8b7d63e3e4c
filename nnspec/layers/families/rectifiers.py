"""Rectifiers: linear pieces, learned or fixed, for any shape, with the defaults of `torch.nn` and without `inplace`.

Those that `torch.nn.functional` has may be written as functions too: `relu(x)`.
"""

from typing import ClassVar

from nnspec.layers.activation import Activation
from nnspec.layers.base import Example, Initial, Layer, Weight
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, number


class ReLU(Activation):
    """The rectifier: max(0, x).

    Shapes: any. Source: torch.nn.ReLU.
    """

    function: ClassVar[str | None] = "relu"
    examples: ClassVar = (Example("ReLU"), Example("relu(a)", ("float[N, T]",)))


class ReLU6(Activation):
    """The rectifier cut at 6: min(max(0, x), 6).

    Shapes: any. Source: torch.nn.ReLU6.
    """

    function: ClassVar[str | None] = "relu6"
    examples: ClassVar = (Example("ReLU6"),)


class LeakyReLU(Activation):
    """The rectifier with a slope below zero: x where x > 0, else negative_slope * x.

    Shapes: any. Source: torch.nn.LeakyReLU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("negative_slope",)
    function: ClassVar[str | None] = "leaky_relu"
    examples: ClassVar = (Example("LeakyReLU"), Example("LeakyReLU(0.2)"), Example("leaky_relu(a, 0.3)"))

    negative_slope: float = 0.01


class PReLU(Layer):
    """The rectifier whose slope below zero is learned: one slope for all, or one for each channel (dimension 1).

    Shapes: any; with `num_parameters` other than 1: [N, num_parameters, ...].
    Raises an error where `num_parameters` is neither 1 nor the number of channels. Source: torch.nn.PReLU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("num_parameters",)
    pointwise: ClassVar[bool] = True

    examples: ClassVar = (
        Example("PReLU"),
        Example("PReLU(3)"),
        Example("PReLU(6, init = 0.1)", ("float[N, 6]",)),
        Example("PReLU", ("float[T]",)),
        Example("PReLU", ("float[]",)),
    )

    num_parameters: PositiveInt = 1
    init: float = 0.25

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        if self.num_parameters == 1:
            return input
        if input.rank < 2:
            raise InputError(
                f"one slope for each channel needs a dimension 1, and there is none in {input}",
                help="write PReLU for one slope in all",
            )
        channels = number(input.shape[1], "dimension 1 (the channels)")
        if channels != self.num_parameters:
            raise ArgumentError(
                "num_parameters",
                f"there are {self.num_parameters} slopes for the {channels} channels of {input}",
                help=f"write PReLU for one slope in all, or PReLU({channels}) for one in each channel",
            )
        return input

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        return (Weight("weight", (self.num_parameters,), Initial("constant", (self.init,))),)


class RReLU(Activation):
    """The rectifier with a random slope below zero in training, and the mean of lower and upper in evaluation.

    Shapes: any. Raises an error where lower is above upper. Source: torch.nn.RReLU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("lower", "upper")
    function: ClassVar[str | None] = "rrelu"
    examples: ClassVar = (Example("RReLU"), Example("RReLU(0.1, 0.2)"))

    lower: float = 1 / 8
    upper: float = 1 / 3

    def steady(self, training: bool) -> bool:
        return not training

    def infer(self, input: TensorType) -> TensorType:
        if self.lower > self.upper:
            raise ArgumentError(
                "lower",
                f"the lower slope {self.lower} is above the upper one, {self.upper}",
                help=f"write RReLU({self.upper}, {self.lower})",
            )
        return super().infer(input)


class Hardtanh(Activation):
    """Cuts the values at `min_val` and `max_val`.

    Shapes: any. Raises an error where min_val is not below max_val. Source: torch.nn.Hardtanh.
    """

    by_position: ClassVar[tuple[str, ...]] = ("min_val", "max_val")
    function: ClassVar[str | None] = "hardtanh"
    examples: ClassVar = (Example("Hardtanh"), Example("Hardtanh(-0.5, 2.0)"))

    min_val: float = -1.0
    max_val: float = 1.0

    def infer(self, input: TensorType) -> TensorType:
        if self.min_val >= self.max_val:
            raise ArgumentError(
                "min_val",
                f"min_val = {self.min_val} is not below max_val = {self.max_val}",
                help="the first argument is the least value, the second the greatest: Hardtanh(-1.0, 1.0)",
            )
        return super().infer(input)


class Threshold(Activation):
    """x where x is above `threshold`, else `value`.

    Shapes: any. Source: torch.nn.Threshold.
    """

    by_position: ClassVar[tuple[str, ...]] = ("threshold", "value")
    function: ClassVar[str | None] = "threshold"
    examples: ClassVar = (Example("Threshold(0.1, 20.0)"), Example("threshold(a, -0.5, value = 0.0)"))

    threshold: float
    value: float
