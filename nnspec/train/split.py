"""Training and validation parts, and the statistics by which inputs are normalised.

The statistics are those of the training part alone, and are stored with the weights: whoever predicts needs them.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

from nnspec.record import Record
from nnspec.train.data.dataset import DataSet


class Statistics(Record):
    """The mean and the deviation that an input is normalised by: for each channel or column, or one for all."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class SplitData(Record):
    """The fields of both parts, and the statistics of those that are normalised."""

    training: dict[str, Tensor]
    validation: dict[str, Tensor]
    statistics: dict[str, Statistics]


def split(
    data: DataSet,
    fields: dict[str, Tensor],
    fraction: float,
    seed: int,
    normalised: Collection[str],
    device: torch.device,
) -> SplitData:
    """Hold a fraction of the samples out for validation, at random but the same for the same seed.

    A data set that has a test part of its own, or an order (a text), is split at its end.

    Args:
        data: what it knows of its parts.
        fields: tensors of one length; several names may stand for one tensor.
        fraction: how much is held out; at least one sample is, and at least one is not.
        seed: of the choice.
        normalised: the fields to normalise, with the names that share their tensors.
        device: where both parts go.
    """
    length = len(next(iter(fields.values())))
    held_out = min(max(1, round(length * fraction)), length - 1)
    if data.held_out is not None:
        held_out = data.held_out
    order = torch.arange(length).roll(held_out)  # the end first
    if data.held_out is None and not data.in_order:
        order = torch.randperm(length, generator=torch.Generator().manual_seed(seed))
    shared = {id(tensor): tensor for tensor in fields.values()}
    statistics = {}
    for name in normalised:
        field = fields[name]
        table = field.ndim == 2 and not any(field is fields[picture] for picture in data.pictures)
        mean, std = _statistics(field[order[held_out:]], table)
        statistics[name] = Statistics(tuple(mean.tolist()), tuple(std.tolist()))
        shared[id(field)] = _normalised(field, mean, std)
    training = {key: _rows(tensor, order[held_out:]).to(device) for key, tensor in shared.items()}
    validation = {key: _rows(tensor, order[:held_out]).to(device) for key, tensor in shared.items()}
    return SplitData(
        {name: training[id(tensor)] for name, tensor in fields.items()},
        {name: validation[id(tensor)] for name, tensor in fields.items()},
        statistics,
    )


def _rows(tensor: Tensor, rows: Tensor) -> Tensor:
    """Some samples, in memory of numpy's: it asks for huge pages, in which rows anywhere are found sooner."""
    return torch.from_numpy(tensor.numpy()[rows.numpy()])


def _statistics(tensor: Tensor, table: bool) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation [C] of each channel of pictures and each column of a table; of all else, [1]."""
    apart = tensor.ndim == 4 or table
    rows = tensor.double().transpose(0, 1).flatten(1) if apart else tensor.double().reshape(1, -1)
    mean, std = rows.mean(1), rows.std(1, correction=0)
    return mean.float(), torch.where(std > 0, std, torch.ones_like(std)).float()


def _normalised(tensor: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    shape = (1, -1, 1, 1) if tensor.ndim == 4 else (1,) * (tensor.ndim - 1) + (-1,)
    return (tensor - mean.view(shape)) / std.view(shape)
