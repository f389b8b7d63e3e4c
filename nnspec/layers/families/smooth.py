"""Smooth rectifiers: exponential, Gaussian and sigmoid-weighted units. Also functions: `gelu(x)`."""

from typing import Annotated, ClassVar, Literal

from nnspec.layers.activation import Activation
from nnspec.layers.base import Example
from nnspec.layers.numbers import PositiveFloat, Within


class ELU(Activation):
    """The exponential linear unit: x where x > 0, else alpha * (exp(x) - 1).

    Shapes: any. Source: torch.nn.ELU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("alpha",)
    function: ClassVar[str | None] = "elu"
    examples: ClassVar = (Example("ELU"), Example("ELU(0.5)"))

    alpha: float = 1.0


class SELU(Activation):
    """The self-normalising unit: an ELU whose two constants keep the mean at 0 and the variance at 1.

    Shapes: any. Source: torch.nn.SELU.
    """

    function: ClassVar[str | None] = "selu"
    examples: ClassVar = (Example("SELU"),)


class CELU(Activation):
    """The ELU with a continuous derivative: max(0, x) + min(0, alpha * (exp(x / alpha) - 1)).

    Shapes: any. Source: torch.nn.CELU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("alpha",)
    function: ClassVar[str | None] = "celu"
    examples: ClassVar = (Example("CELU"), Example("CELU(2.0)"), Example("CELU(1000.0)"))

    alpha: Annotated[float, Within(ge=1e-38, le=1e38)] = 1.0  # its reciprocal and its double are float32, too


class GELU(Activation):
    """The Gaussian error linear unit: x times the probability that a normal value is below x.

    `approximate = "tanh"` is the faster formula of GPT-2 and BERT. Shapes: any. Source: torch.nn.GELU.
    """

    by_position: ClassVar[tuple[str, ...]] = ("approximate",)
    function: ClassVar[str | None] = "gelu"
    examples: ClassVar = (Example("GELU"), Example('GELU("tanh")'), Example('gelu(a, approximate = "tanh")'))

    approximate: Literal["none", "tanh"] = "none"


class SiLU(Activation):
    """The sigmoid linear unit, also called swish: x * sigmoid(x).

    Shapes: any. Source: torch.nn.SiLU.
    """

    function: ClassVar[str | None] = "silu"
    examples: ClassVar = (Example("SiLU"),)


class Mish(Activation):
    """A smooth unit that is bounded below: x * tanh(softplus(x)).

    Shapes: any. Source: torch.nn.Mish.
    """

    function: ClassVar[str | None] = "mish"
    examples: ClassVar = (Example("Mish"),)


class Softplus(Activation):
    """The smooth rectifier: log(1 + exp(beta * x)) / beta, and x itself where beta * x is above `threshold`.

    Shapes: any. Source: torch.nn.Softplus.
    """

    by_position: ClassVar[tuple[str, ...]] = ("beta",)
    function: ClassVar[str | None] = "softplus"
    examples: ClassVar = (
        Example("Softplus"),
        Example("Softplus(2.0)"),
        Example("Softplus(beta = 0.5, threshold = 0.25)"),
    )

    beta: PositiveFloat = 1.0
    threshold: float = 20.0
