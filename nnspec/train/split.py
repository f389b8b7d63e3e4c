"""The statistics by which inputs are normalised.

They are those of the training part alone, and are stored with the weights: whoever predicts needs them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nnspec.record import Record
from nnspec.train.keeping import Divided
from nnspec.train.view import View

PIECE = 1 << 18  # numbers


class Statistics(Record):
    """The mean and the deviation that an input is normalised by: for each channel or column, or one for all."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def statistics(divided: Divided, view: View, table: bool) -> Statistics:
    """Mean and standard deviation [C] of each channel of pictures and each column of a table; of all else, [1]."""
    count, mean, squares = 0, torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    for part in (piece for values in divided.values(view, 0) for piece in _pieces(values)):
        apart = part.ndim == 4 or table
        rows = (part.transpose(0, 1).flatten(1) if apart else part.reshape(1, -1)).double()
        more, own = rows.shape[1], rows.mean(1)
        between = (own - mean) ** 2 * (count * more / (count + more))
        squares = squares + (rows - own.unsqueeze(1)).square_().sum(1) + between
        mean = mean + (own - mean) * (more / (count + more))
        count += more
    std = (squares / count).sqrt()
    std = torch.where(std > 0, std, torch.ones_like(std))
    return Statistics(tuple(mean.float().tolist()), tuple(std.float().tolist()))


def _pieces(values: Tensor) -> Sequence[Tensor]:
    """Values in pieces that stay in the cache of a processor while they are counted with 64 bits."""
    if values.numel() <= PIECE:
        return (values,)
    return torch.split(values, max(1, PIECE * len(values) // values.numel()))
