"""Results for a batch from those for its parts: sums are added, means are weighed.

A layer that reduces the dimension of the samples says so in `Layer.pooled`. Training that takes a batch in parts,
validation in batches, and several processes compute those sums for each part, and what follows from them once: so a
loss over tokens that count, or the overlap of classes, is that of the whole batch, whatever the parts.
"""

from __future__ import annotations

from typing import Literal

from nnspec.layers.base import Layer
from nnspec.record import Record


class Sums(Record):
    """A result that is computed from sums over the samples."""

    layers: tuple[tuple[Layer, tuple[int, ...]], ...]  # what to add, and which of the inputs each is applied to
    result: Layer  # is applied to the sums, in order


# The results of the parts are added; or their mean is taken, weighed by samples; or there are other sums.
Pooled = Literal["sum", "mean"] | Sums
