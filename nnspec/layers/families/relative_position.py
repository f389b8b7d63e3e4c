"""Where two places of a window lie relative to each other: the index into a table of learned biases (Swin)."""

from functools import cache
from itertools import product
from typing import ClassVar

from nnspec.layers.base import Example, Initial, Layer, Weight
from nnspec.layers.tensor_type import ArgumentError, TensorType
from nnspec.layers.window import Counts, each

PLACES = 1024  # of a window: the index of each pair is a number of the file


class RelativePositionIndex(Layer):
    """For each pair of places in a window, the row of a table with one row for each offset between two places.

    The table has (2 * height - 1) * (2 * width - 1) rows. The index is a buffer, in the `state_dict` under the label of
    the layer. `take(table, index)` looks the biases of all pairs up.
    Shapes: -> int [(height * width)^2], the pairs (0, 0), (0, 1), ... in order.
    Source: Liu et al. 2021, relative_position_index of torchvision.models.swin_transformer.
    """

    by_position: ClassVar[tuple[str, ...]] = ("window",)
    inputs: ClassVar[tuple[str, ...]] = ()

    window: Counts

    examples: ClassVar = (
        Example("RelativePositionIndex(3)", ()),
        Example("RelativePositionIndex([2, 4])", ()),
    )

    @property
    def sizes(self) -> tuple[int, int]:
        """The height and the width of the window."""
        height, width = each(self.window, 2, "window")
        if height * width > PLACES:
            message = f"{height * width:,} places have {(height * width) ** 2:,} pairs"
            raise ArgumentError("window", message, help=f"give a window of at most {PLACES:,} places")
        return height, width

    def infer(self) -> TensorType:
        height, width = self.sizes
        return TensorType("int", ((height * width) ** 2,))

    def weights(self) -> tuple[Weight, ...]:
        index = _index(*self.sizes)
        return (Weight("", (len(index),), Initial("values", index), trainable=False, buffer=True, dtype="int"),)


@cache
def _index(height: int, width: int) -> tuple[int, ...]:
    places = list(product(range(height), range(width)))
    rows = 2 * width - 1
    return tuple((y - v + height - 1) * rows + x - u + width - 1 for (y, x), (v, u) in product(places, places))
