"""The statistics by which inputs are normalised.

They are those of the training part alone, and are stored with the weights: whoever predicts needs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from nnspec.record import Record
from nnspec.train.data.samples import Indices, Samples
from nnspec.train.view import View

COUNTED = 1 << 30  # bytes of values that statistics are taken from, at most
DECODED = 1024  # samples that they are taken from where each must be unpacked
CHUNK = 1 << 26  # bytes of values that are looked at at a time


class Statistics(Record):
    """The mean and the deviation that an input is normalised by: for each channel or column, or one for all."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def looked_at(samples: Samples, view: View, chosen: Indices) -> Iterator[Tensor]:
    """The values of a field by which it is judged, in parts: all, or those of the first of many.

    Args:
        samples: of the data.
        view: of the field.
        chosen: the samples of which it may be; where not all are looked at, they are in a random order, or all alike.
    """
    bytes = max(1, math.prod(view.form.sizes) * view.form.dtype.itemsize)
    cheap = view.field in samples.known or not samples.decoded
    most = max(1, COUNTED // bytes) if cheap else DECODED
    if len(chosen) > most:
        chosen = chosen[np.linspace(0, len(chosen) - 1, most).astype(np.int64)]
    size = max(1, CHUNK // bytes)
    for start in range(0, len(chosen), size):
        part = chosen[start : start + size]
        known = samples.known.get(view.field)
        yield view(samples.rows(part)[view.field] if known is None else torch.from_numpy(known.numpy()[part]))


def statistics(samples: Samples, view: View, training: Indices, table: bool) -> Statistics:
    """Mean and standard deviation [C] of each channel of pictures and each column of a table; of all else, [1]."""
    count, mean, squares = 0, torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for part in looked_at(samples, view, training):
        apart = part.ndim == 4 or table
        rows = part.double().transpose(0, 1).flatten(1) if apart else part.double().reshape(1, -1)
        more, own = rows.shape[1], rows.mean(1)
        between = (own - mean) ** 2 * (count * more / (count + more))
        squares = squares + rows.var(1, correction=0) * more + between
        mean = mean + (own - mean) * (more / (count + more))
        count += more
    std = (squares / count).sqrt()
    std = torch.where(std > 0, std, torch.ones_like(std))
    return Statistics(tuple(mean.float().tolist()), tuple(std.float().tolist()))
