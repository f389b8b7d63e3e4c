"""Activation functions: every activation of `torch.nn`, for any shape, with its defaults and without `inplace`.

Those that `torch.nn.functional` has may be written as functions too: `relu(x)`, `softmax(scores, -1)`.
"""

from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from nnspec.dims import Size, equal
from nnspec.layers.base import (
    ArgumentError,
    Example,
    Initial,
    InputError,
    Layer,
    TensorType,
    Weight,
    axis,
    need_dtype,
    need_rank,
    number,
)


class _Activation(Layer):
    """A function of floats that keeps the shape."""

    activation: ClassVar[bool] = True

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        return input


class ReLU(_Activation):
    """The rectifier: max(0, x).

    Shapes: any. Source: torch.nn.ReLU.
    """

    function: ClassVar[str | None] = "relu"
    examples: ClassVar = (Example("ReLU"), Example("relu(a)", ("float[N, T]",)))


class ReLU6(_Activation):
    """The rectifier cut at 6: min(max(0, x), 6).

    Shapes: any. Source: torch.nn.ReLU6.
    """

    function: ClassVar[str | None] = "relu6"
    examples: ClassVar = (Example("ReLU6"),)


class LeakyReLU(_Activation):
    """The rectifier with a slope below zero: x where x > 0, else negative_slope * x.

    Shapes: any. Source: torch.nn.LeakyReLU.
    """

    function: ClassVar[str | None] = "leaky_relu"
    examples: ClassVar = (Example("LeakyReLU"), Example("LeakyReLU(0.2)"), Example("leaky_relu(a, 0.3)"))

    negative_slope: float = 0.01


class PReLU(Layer):
    """The rectifier whose slope below zero is learned: one slope for all, or one for each channel (dimension 1).

    Shapes: any; with `num_parameters` other than 1: [N, num_parameters, ...].
    Raises an error where `num_parameters` is neither 1 nor the number of channels. Source: torch.nn.PReLU.
    """

    examples: ClassVar = (
        Example("PReLU"),
        Example("PReLU(3)"),
        Example("PReLU(6, init = 0.1)", ("float[N, 6]",)),
        Example("PReLU", ("float[T]",)),
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


class RReLU(_Activation):
    """The rectifier with a random slope below zero in training, and the mean of lower and upper in evaluation.

    Shapes: any. Raises an error where lower is above upper. Source: torch.nn.RReLU.
    """

    function: ClassVar[str | None] = "rrelu"
    examples: ClassVar = (Example("RReLU"), Example("RReLU(0.1, 0.2)"))

    lower: float = 1 / 8
    upper: float = 1 / 3

    def infer(self, input: TensorType) -> TensorType:
        if self.lower > self.upper:
            raise ArgumentError(
                "lower",
                f"the lower slope {self.lower} is above the upper one, {self.upper}",
                help=f"write RReLU({self.upper}, {self.lower})",
            )
        return super().infer(input)


class ELU(_Activation):
    """The exponential linear unit: x where x > 0, else alpha * (exp(x) - 1).

    Shapes: any. Source: torch.nn.ELU.
    """

    function: ClassVar[str | None] = "elu"
    examples: ClassVar = (Example("ELU"), Example("ELU(0.5)"))

    alpha: float = 1.0


class SELU(_Activation):
    """The self-normalising unit: an ELU whose two constants keep the mean at 0 and the variance at 1.

    Shapes: any. Source: torch.nn.SELU.
    """

    function: ClassVar[str | None] = "selu"
    examples: ClassVar = (Example("SELU"),)


class CELU(_Activation):
    """The ELU with a continuous derivative: max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    Shapes: any. Source: torch.nn.CELU.
    """

    function: ClassVar[str | None] = "celu"
    examples: ClassVar = (Example("CELU"), Example("CELU(2.0)"))

    alpha: PositiveFloat = 1.0


class GELU(_Activation):
    """The Gaussian error linear unit: x times the probability that a normal value is below x.

    `approximate = "tanh"` is the faster formula of GPT-2 and BERT. Shapes: any. Source: torch.nn.GELU.
    """

    function: ClassVar[str | None] = "gelu"
    examples: ClassVar = (Example("GELU"), Example('GELU("tanh")'), Example('gelu(a, approximate = "tanh")'))

    approximate: Literal["none", "tanh"] = "none"


class SiLU(_Activation):
    """The sigmoid linear unit, also called swish: x * sigmoid(x).

    Shapes: any. Source: torch.nn.SiLU.
    """

    function: ClassVar[str | None] = "silu"
    examples: ClassVar = (Example("SiLU"),)


class Mish(_Activation):
    """A smooth unit that is bounded below: x * tanh(softplus(x)).

    Shapes: any. Source: torch.nn.Mish.
    """

    function: ClassVar[str | None] = "mish"
    examples: ClassVar = (Example("Mish"),)


class Sigmoid(_Activation):
    """The logistic function: 1 / (1 + exp(-x)).

    Shapes: any. Source: torch.nn.Sigmoid.
    """

    function: ClassVar[str | None] = "sigmoid"
    examples: ClassVar = (Example("Sigmoid"), Example("sigmoid(a)"))


class LogSigmoid(_Activation):
    """The logarithm of the logistic function: log(1 / (1 + exp(-x))).

    Shapes: any. Source: torch.nn.LogSigmoid.
    """

    function: ClassVar[str | None] = "logsigmoid"
    examples: ClassVar = (Example("LogSigmoid"),)


class Tanh(_Activation):
    """The hyperbolic tangent.

    Shapes: any. Source: torch.nn.Tanh.
    """

    function: ClassVar[str | None] = "tanh"
    examples: ClassVar = (Example("Tanh"), Example("tanh(a)"))


class Tanhshrink(_Activation):
    """What the hyperbolic tangent leaves: x - tanh(x).

    Shapes: any. Source: torch.nn.Tanhshrink.
    """

    function: ClassVar[str | None] = "tanhshrink"
    examples: ClassVar = (Example("Tanhshrink"),)


class Softplus(_Activation):
    """The smooth rectifier: log(1 + exp(beta * x)) / beta, and x itself where beta * x is above `threshold`.

    Shapes: any. Source: torch.nn.Softplus.
    """

    function: ClassVar[str | None] = "softplus"
    examples: ClassVar = (
        Example("Softplus"),
        Example("Softplus(2.0)"),
        Example("Softplus(beta = 0.5, threshold = 0.25)"),
    )

    beta: PositiveFloat = 1.0
    threshold: float = 20.0


class Softshrink(_Activation):
    """Moves every value towards zero by `lambd`, those within it to zero.

    Shapes: any. Source: torch.nn.Softshrink.
    """

    function: ClassVar[str | None] = "softshrink"
    examples: ClassVar = (Example("Softshrink"), Example("Softshrink(0.1)"))

    lambd: NonNegativeFloat = 0.5


class Hardshrink(_Activation):
    """Zero for the values between -lambd and lambd; the others stay.

    Shapes: any. Source: torch.nn.Hardshrink.
    """

    function: ClassVar[str | None] = "hardshrink"
    examples: ClassVar = (Example("Hardshrink"), Example("Hardshrink(0.1)"))

    lambd: float = 0.5


class Softsign(_Activation):
    """A slower tanh: x / (1 + abs(x)).

    Shapes: any. Source: torch.nn.Softsign.
    """

    function: ClassVar[str | None] = "softsign"
    examples: ClassVar = (Example("Softsign"),)


class Hardswish(_Activation):
    """The swish made of straight lines: x * min(max(0, x + 3), 6) / 6.

    Shapes: any. Source: torch.nn.Hardswish.
    """

    function: ClassVar[str | None] = "hardswish"
    examples: ClassVar = (Example("Hardswish"),)


class Hardsigmoid(_Activation):
    """The sigmoid made of straight lines: min(max(0, x / 6 + 1 / 2), 1).

    Shapes: any. Source: torch.nn.Hardsigmoid.
    """

    function: ClassVar[str | None] = "hardsigmoid"
    examples: ClassVar = (Example("Hardsigmoid"),)


class Hardtanh(_Activation):
    """Cuts the values at `min_val` and `max_val`.

    Shapes: any. Raises an error where min_val is not below max_val. Source: torch.nn.Hardtanh.
    """

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


class Threshold(_Activation):
    """x where x is above `threshold`, else `value`.

    Shapes: any. Source: torch.nn.Threshold.
    """

    function: ClassVar[str | None] = "threshold"
    examples: ClassVar = (Example("Threshold(0.1, 20.0)"), Example("threshold(a, -0.5, value = 0.0)"))

    threshold: float
    value: float


class GLU(Layer):
    """The gated linear unit: the first half of a dimension times the sigmoid of the second half.

    Shapes: [..., 2 * n, ...] -> [..., n, ...] at `dim`.
    Raises an error where that dimension is not known to be even. Source: torch.nn.GLU.
    """

    function: ClassVar[str | None] = "glu"
    examples: ClassVar = (
        Example("GLU", ("float[N, T, 6]",)),
        Example("GLU(1)", ("float[N, 4, H, W]",)),
        Example("GLU(dim = 1)", ("float[N, 2*t, 3]",)),
    )

    dim: int = -1

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        dim = axis(self.dim, input.rank)
        whole = input.shape[dim]
        half: Size = whole // 2
        if equal(half * 2, whole) is not True:
            found = "odd" if isinstance(whole, int) else "not known to be even"
            raise InputError(
                f"dimension {dim} is split into two halves, and {whole} is {found}: {input}",
                help="give the layer before it twice the size that is wanted after the gate",
            )
        return input.with_shape(*input.shape[:dim], half, *input.shape[dim + 1 :])


class _AlongDimension(Layer):
    """A function of floats that keeps the shape and looks along one dimension.

    `dim` is the last dimension by default, where torch leaves it to the number of dimensions (and warns).
    """

    activation: ClassVar[bool] = True

    dim: int = -1

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        axis(self.dim, input.rank)
        return input


class Softmax(_AlongDimension):
    """Turns scores into probabilities along `dim` (the last dimension by default): exp(x) / sum(exp(x)).

    Shapes: any. Raises an error where there is no dimension `dim`. Source: torch.nn.Softmax.
    """

    function: ClassVar[str | None] = "softmax"
    examples: ClassVar = (
        Example("Softmax", ("float[N, 10]",)),
        Example("Softmax(1)"),
        Example("softmax(a, -2)", ("float[N, T, 5]",)),
    )


class Softmin(_AlongDimension):
    """The softmax of -x along `dim` (the last dimension by default).

    Shapes: any. Raises an error where there is no dimension `dim`. Source: torch.nn.Softmin.
    """

    function: ClassVar[str | None] = "softmin"
    examples: ClassVar = (Example("Softmin", ("float[N, 10]",)), Example("Softmin(dim = 1)"))


class LogSoftmax(_AlongDimension):
    """The logarithm of the softmax along `dim` (the last dimension by default), computed without overflow.

    Shapes: any. Raises an error where there is no dimension `dim`. Source: torch.nn.LogSoftmax.
    """

    function: ClassVar[str | None] = "log_softmax"
    examples: ClassVar = (Example("LogSoftmax", ("float[N, 10]",)), Example("LogSoftmax(dim = 1)"))


class Softmax2d(Layer):
    """The softmax over the channels at each place of an image.

    Shapes: [N, C, H, W], kept. Source: torch.nn.Softmax2d.
    """

    activation: ClassVar[bool] = True
    examples: ClassVar = (Example("Softmax2d"),)

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_rank(input, 4)
        return input
