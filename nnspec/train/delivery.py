"""The samples of a part, as batches on the device: in the order of an epoch, or in their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator

import torch
from torch import Tensor

from nnspec.train.batch import Batch, Values
from nnspec.train.data.samples import Indices
from nnspec.train.order import Order
from nnspec.train.strategy import Share

Own = Callable[[int], Indices]  # of a batch of so many samples
Shares = Callable[[int], Share]  # of a batch of so many samples


def all_of(count: int) -> Share:
    """All samples of a batch."""
    return Share(0, count, count)


class Delivery(ABC):
    """The samples of a part, in batches."""

    order: Order

    def __len__(self) -> int:
        """The number of samples."""
        return self.order.count

    @abstractmethod
    def shuffled(self, epoch: int, first: int, names: Collection[str], own: Own | None = None) -> Iterator[Batch]:
        """The batches of an epoch from one on.

        Args:
            epoch: its number.
            first: the batch to begin with.
            names: of the values.
            own: the samples of a batch that this process computes with; the others need not be read.
        """

    @abstractmethod
    def in_order(self, shares: Shares = all_of) -> Iterator[tuple[Values, int]]:
        """Batches in the order of the samples: of each the share that is asked for, and the number of all samples."""

    @abstractmethod
    def head(self, count: int) -> Values:
        """The first samples."""


class Ready(Delivery):
    """Samples that are in memory on the device, as the model takes them."""

    def __init__(self, fields: dict[str, Tensor], order: Order) -> None:
        self.fields = fields
        self.order = order

    def shuffled(self, epoch: int, first: int, names: Collection[str], own: Own | None = None) -> Iterator[Batch]:
        fields = {name: self.fields[name] for name in names}
        device = next(iter(self.fields.values())).device
        order = torch.from_numpy(self.order.samples(epoch, first, len(self.order.sizes))).to(device)
        for chosen in torch.split(order, self.order.batch):
            yield Batch({name: tensor.index_select(0, chosen) for name, tensor in fields.items()})

    def in_order(self, shares: Shares = all_of) -> Iterator[tuple[Values, int]]:
        for start in range(0, len(self), self.order.batch):
            count = min(self.order.batch, len(self) - start)
            share = shares(count)
            part = slice(start + share.start, start + share.stop)
            yield {name: tensor[part] for name, tensor in self.fields.items()}, count

    def head(self, count: int) -> Values:
        return {name: tensor[:count] for name, tensor in self.fields.items()}
