"""`Known`: a tensor of a file that does not depend on its inputs: an array, or sizes that may be symbolic.

Sizes are arrays of objects, with which numpy computes as with numbers; so the arithmetic that exporters write for
shapes is carried out while reading, and none of it reaches the spec.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from nnspec.dims import Expression, Size
from nnspec.weights.arrays import Array


class Known:
    """An array, and the name that the file has for it, or for what it was made of."""

    def __init__(self, array: Array, name: str = "", stored: bool = False) -> None:
        """`stored` is one that the file has among its weights, or that is made of such alone."""
        self.array = array
        self.name = name
        self.stored = stored

    @property
    def symbolic(self) -> bool:
        """Whether there are symbols among its elements."""
        return self.array.dtype == object

    @property
    def rank(self) -> int:
        """The number of its dimensions."""
        return self.array.ndim

    def sizes(self) -> tuple[Size, ...]:
        """Its elements, as sizes."""
        return tuple(each if isinstance(each, Expression) else int(each) for each in self.array.reshape(-1))

    def scalar(self) -> Any:
        """Its only element, as a number of Python or a size."""
        element = self.array.reshape(-1)[0]
        return element.item() if hasattr(element, "item") else element


class Listed:
    """A sequence of tensors of a file, each known or computed; how many there are is known."""

    def __init__(self, parts: Iterable[Any]) -> None:
        self.parts = tuple(parts)


def of_sizes(sizes: Any) -> Array:
    """An array of sizes: of whole numbers, where all of them are."""
    made: Array = np.array(sizes, dtype=object)
    if any(isinstance(each, Expression) for each in made.reshape(-1)):
        return made
    return made.astype(np.int64)
