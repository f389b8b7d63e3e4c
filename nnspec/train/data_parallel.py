"""DDP: every process has all weights and a share of the batch; gradients are averaged while they are computed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Set
from contextlib import contextmanager, nullcontext

from torch import nn
from torch.nn.parallel import DistributedDataParallel

from nnspec.diagnostics import Span
from nnspec.ir import Program
from nnspec.ir.idle import has_idle_weights
from nnspec.train.group import Group


class DataParallel(Group):
    """`torch.nn.parallel.DistributedDataParallel`."""

    name = "ddp"

    def spread(self, model: nn.Module, program: Program, read: Set[str], sources: dict[str, Span]) -> None:
        super().spread(model, program, read, sources)
        self.idle = has_idle_weights(program, read)

    def network(self, model: nn.Module) -> nn.Module:
        """The model as DDP calls it; it is made anew when other weights are trained."""
        devices = [self.device] if self.device.type == "cuda" else None
        with warnings.catch_warnings():  # PyTorch wants an option instead that its older versions do not have
            warnings.simplefilter("ignore", FutureWarning)
            # statistics are the same in all processes: none needs to be sent
            self.wrapped = DistributedDataParallel(
                model, devices, broadcast_buffers=False, find_unused_parameters=self.idle
            )
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
