"""Layers that drop single values at random in training, and do nothing in evaluation."""

from typing import ClassVar

from nnspec.layers.base import Example
from nnspec.layers.dropping import Dropping
from nnspec.layers.numbers import Probability


class Dropout(Dropping):
    """Drops each value with probability `p` in training, and divides the others by 1 - p.

    Shapes: any. Source: torch.nn.Dropout.
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    function: ClassVar[str | None] = "dropout"
    examples: ClassVar = (Example("Dropout"), Example("Dropout(0.1)", ("float[N, T]",)), Example("dropout(a, 0.2)"))

    p: Probability = 0.5


class AlphaDropout(Dropping):
    """The dropout that goes with SELU: it keeps the mean at 0 and the variance at 1.

    Shapes: any. Source: torch.nn.AlphaDropout.
    """

    by_position: ClassVar[tuple[str, ...]] = ("p",)
    function: ClassVar[str | None] = "alpha_dropout"
    examples: ClassVar = (Example("AlphaDropout"), Example("AlphaDropout(0.1)"))

    p: Probability = 0.5
