"""Sigmoids and hyperbolic tangents, and their pieces of lines; gates by them. Also functions: `sigmoid(x)`."""

from typing import ClassVar

from nnspec.dims import Size, equal
from nnspec.layers.activation import Activation
from nnspec.layers.base import Example, Layer, Scores
from nnspec.layers.tensor_type import InputError, TensorType, axis, need_dtype


class Sigmoid(Activation):
    """The logistic function: 1 / (1 + exp(-x)).

    Shapes: any. Source: torch.nn.Sigmoid.
    """

    makes: ClassVar[Scores | None] = "probabilities"
    function: ClassVar[str | None] = "sigmoid"
    examples: ClassVar = (Example("Sigmoid"), Example("sigmoid(a)"))


class LogSigmoid(Activation):
    """The logarithm of the logistic function: log(1 / (1 + exp(-x))).

    Shapes: any. Source: torch.nn.LogSigmoid.
    """

    makes: ClassVar[Scores | None] = "log-probabilities"
    function: ClassVar[str | None] = "logsigmoid"
    examples: ClassVar = (Example("LogSigmoid"),)


class Tanh(Activation):
    """The hyperbolic tangent.

    Shapes: any. Source: torch.nn.Tanh.
    """

    function: ClassVar[str | None] = "tanh"
    examples: ClassVar = (Example("Tanh"), Example("tanh(a)"))


class Softsign(Activation):
    """A slower tanh: x / (1 + abs(x)).

    Shapes: any. Source: torch.nn.Softsign.
    """

    function: ClassVar[str | None] = "softsign"
    examples: ClassVar = (Example("Softsign"),)


class Hardsigmoid(Activation):
    """The sigmoid made of straight lines: min(max(0, x / 6 + 1 / 2), 1).

    Shapes: any. Source: torch.nn.Hardsigmoid.
    """

    makes: ClassVar[Scores | None] = "probabilities"
    function: ClassVar[str | None] = "hardsigmoid"
    examples: ClassVar = (Example("Hardsigmoid"),)


class Hardswish(Activation):
    """The swish made of straight lines: x * min(max(0, x + 3), 6) / 6.

    Shapes: any. Source: torch.nn.Hardswish.
    """

    function: ClassVar[str | None] = "hardswish"
    examples: ClassVar = (Example("Hardswish"),)


class GLU(Layer):
    """The gated linear unit: the first half of a dimension times the sigmoid of the second half.

    Shapes: [..., 2 * n, ...] -> [..., n, ...] at `dim`.
    Raises an error where that dimension is not known to be even. Source: torch.nn.GLU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
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

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)
