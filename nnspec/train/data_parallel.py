"""DDP: every process has all weights and a share of the batch; gradients are averaged while they are computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from torch import nn
from torch.nn.parallel import DistributedDataParallel

from nnspec.train.group import Group


class DataParallel(Group):
    """`torch.nn.parallel.DistributedDataParallel`."""

    name = "ddp"

    def network(self, model: nn.Module) -> nn.Module:
        """The model as DDP calls it; it is made anew when other weights are trained.

        Statistics are the same in all processes, so that none needs to be sent.
        """
        devices = [self.device] if self.device.type == "cuda" else None
        self.wrapped = DistributedDataParallel(model, devices, broadcast_buffers=False, find_unused_parameters=True)
        return self.wrapped

    @contextmanager
    def gradients(self, complete: bool) -> Iterator[None]:
        with nullcontext() if complete else self.wrapped.no_sync():
            yield

    @property
    def state_files(self) -> tuple[int, ...]:
        return (0, self.rank)

    def kept(self, name: str) -> bool:
        """The first process writes for all; the others have random states and losses of their own."""
        return self.leads or name.startswith("random.") or name.endswith("losses")
