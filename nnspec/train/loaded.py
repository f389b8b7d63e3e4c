"""Samples that are read while training goes on, and become what the model takes at the step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from nnspec.train.batch import Batch, Values
from nnspec.train.data.samples import Indices, Rows
from nnspec.train.delivery import Delivery, Own, Shares, all_of
from nnspec.train.loader import Loader, Request
from nnspec.train.order import Order
from nnspec.train.view import View, seen


class Loaded(Delivery):
    """A part whose samples are read as they are wanted."""

    def __init__(
        self, loader: Loader, part: int, views: Mapping[str, View], order: Order, device: torch.device
    ) -> None:
        self.loader = loader
        self.part = part
        self.views = views
        self.order = order
        self.device = device
        self.copies = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]

    def shuffled(self, epoch: int, first: int, names: Collection[str], own: Own | None = None) -> Iterator[Batch]:
        views = {name: self.views[name] for name in names}
        steps = range(first, len(self.order.sizes))
        chosen = (self.order.samples(epoch, step, step + 1) for step in steps)
        if own is None:
            for values in self._values(chosen, views):
                yield Batch(values)
            return
        sizes = self.order.sizes[first:]
        read = self._rows(samples[own(len(samples))] for samples in chosen)
        for rows, count in zip(read, sizes, strict=True):
            yield Batch(seen(views, {name: _placed(tensor, own(count), count) for name, tensor in rows.items()}))

    def in_order(self, shares: Shares = all_of) -> Iterator[tuple[Values, int]]:
        starts = range(0, len(self), self.order.batch)
        counts = [min(self.order.batch, len(self) - start) for start in starts]
        own = [
            (start + shares(count).start, start + shares(count).stop)
            for start, count in zip(starts, counts, strict=True)
        ]
        yield from zip(self._values((np.arange(*each) for each in own), self.views), counts, strict=True)

    def head(self, count: int) -> Values:
        return next(self._values([np.arange(min(count, len(self)))], self.views))

    def _values(self, chosen: Iterable[Indices], views: Mapping[str, View]) -> Iterator[Values]:
        """The values of the samples at some positions, on the device."""
        for rows in self._rows(chosen):
            yield seen(views, rows)

    def _rows(self, chosen: Iterable[Indices]) -> Iterator[Rows]:
        """The samples at some positions as they are stored, on the device."""
        requests: Iterator[Request] = ((self.part, positions) for positions in chosen)
        return map(self._moved, self.loader.rows(requests))

    def _moved(self, rows: Rows) -> Rows:
        """Samples on the device; a GPU copies them while it computes the step before."""
        if self.copies is None:
            return {name: tensor.to(self.device) for name, tensor in rows.items()}
        with torch.cuda.stream(self.copies):
            moved = {name: tensor.to(self.device, non_blocking=True) for name, tensor in rows.items()}
        now = torch.cuda.current_stream(self.device)
        now.wait_stream(self.copies)
        for tensor in moved.values():
            tensor.record_stream(now)
        return moved


def _placed(tensor: Tensor, own: Indices, count: int) -> Tensor:
    """Some samples where they are in a batch of `count`; the others are zero."""
    whole = tensor.new_zeros((count, *tensor.shape[1:]))
    whole[torch.from_numpy(own).to(tensor.device)] = tensor
    return whole
