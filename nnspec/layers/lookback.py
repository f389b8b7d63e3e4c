"""Layers that look a fixed number of places back: the last places of their input are kept for the next part."""

from __future__ import annotations

from nnspec.dims import Expression, at_least, equal
from nnspec.layers.base import Kept
from nnspec.layers.continued import along
from nnspec.layers.reshaping import replaced
from nnspec.layers.tensor_type import ArgumentError, TensorType
from nnspec.layers.window import Window


def last_places(input: TensorType, dim: int, count: int) -> Kept:
    """The last `count` places of an input, zeros at first, which stand before the next part."""
    from nnspec.layers.families.combine import Concat  # here: most uses of a convolution are no decoding
    from nnspec.layers.families.indexing import Slice

    type = replaced(input, dim, count)
    return Kept("input", 0, type, join=Concat(dim=dim), trim=Slice(dim=dim, start=-count))


def along_which(time: Expression, input: TensorType, dims: int) -> int | None:
    """The spatial dimension that is the sequence, counted among the last `dims`; None if there is none."""
    spatial = input.shape[input.rank - dims :]
    return next((index for index, size in enumerate(spatial) if along(time, size)), None)


def places_behind(time: Expression, input: TensorType, dim: int, window: Window) -> int:
    """The number of places before that a window must be given, so that it has one place for each of the sequence.

    Raises:
        ArgumentError: it steps over places, or looks at those that are yet to come.
    """
    size = input.shape[dim]
    if window.stride != 1:
        raise ArgumentError("stride", f"steps over places along {time}", help="decoding takes each place: stride = 1")
    behind = window.extent - 1
    if window.end == 0 and window.begin == behind and equal(size, time):
        return behind
    if window.begin == window.end == 0 and at_least(size - behind - time, 0):
        return 0  # what it looks back at stands before the sequence already
    message = f"looks at places along {time} that are yet to come, or drops some"
    raise ArgumentError("padding", message, help=f"pad on the left alone, by what the window spans: [[{behind}, 0]]")
