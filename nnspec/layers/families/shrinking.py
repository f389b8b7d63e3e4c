"""Shrinking functions: they set small values to zero, or near it."""

from typing import ClassVar

from nnspec.layers.activation import Activation
from nnspec.layers.base import Example
from nnspec.layers.numbers import NonNegativeFloat


class Tanhshrink(Activation):
    """The input less its hyperbolic tangent: x - tanh(x).

    Shapes: any. Source: torch.nn.Tanhshrink.
    """

    function: ClassVar[str | None] = "tanhshrink"
    examples: ClassVar = (Example("Tanhshrink"),)


class Softshrink(Activation):
    """Moves every value towards zero by `lambd`, those within it to zero.

    Shapes: any. Source: torch.nn.Softshrink.
    """

    by_position: ClassVar[tuple[str, ...]] = ("lambd",)
    function: ClassVar[str | None] = "softshrink"
    examples: ClassVar = (Example("Softshrink"), Example("Softshrink(0.1)"))

    lambd: NonNegativeFloat = 0.5


class Hardshrink(Activation):
    """Zero for the values between -lambd and lambd; the others stay.

    Shapes: any. Source: torch.nn.Hardshrink.
    """

    by_position: ClassVar[tuple[str, ...]] = ("lambd",)
    function: ClassVar[str | None] = "hardshrink"
    examples: ClassVar = (Example("Hardshrink"), Example("Hardshrink(0.1)"))

    lambd: float = 0.5
