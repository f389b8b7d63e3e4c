"""Whether the elements of a weight are numbers: training that has diverged leaves NaN and infinities."""

from __future__ import annotations

import numpy as np

from nnspec.layers.base import Weight
from nnspec.weights.arrays import Array


def no_numbers(array: Array, weight: Weight) -> str | None:
    """The contents of an array that are no numbers, in words; a buffer, such as a mask, may hold infinities."""
    if array.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        total = array.sum()  # tells of any, in a fraction of the time that it takes to look at each
    if np.isfinite(total):
        return None
    unknown = np.isnan(array)
    wrong = unknown if weight.buffer else ~np.isfinite(array)
    if not wrong.any():
        return None
    return f"{'NaN' if unknown.any() else 'infinity'}, in {int(wrong.sum()):,} of {array.size:,} elements"
