"""DDP: every process has all weights and a share of the batch; gradients are averaged while they are computed.

Of networks that a recipe builds they are averaged afterwards: the losses have them inside, in whatever order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from nnspec.diagnostics import Span
from nnspec.ir import Program
from nnspec.ir.idle import has_idle_weights
from nnspec.recipe.plan import Plan
from nnspec.train.group import Group


class DataParallel(Group):
    """`torch.nn.parallel.DistributedDataParallel`."""

    name = "ddp"
    wrapped: DistributedDataParallel | None = None
    builds = False  # whether the recipe builds its networks

    def check(self, plan: Plan, program: Program, sources: dict[str, Span]) -> None:
        super().check(plan, program, sources)
        self.builds = plan.builds

    def spread(self, model: nn.Module, program: Program, read: Set[str], sources: dict[str, Span]) -> None:
        super().spread(model, program, read, sources)
        self.idle = has_idle_weights(program, read)

    def network(self, model: nn.Module) -> nn.Module:
        """The model as DDP calls it; it is made anew when other weights are trained."""
        if self.builds:
            return model
        devices = [self.device] if self.device.type == "cuda" else None
        with warnings.catch_warnings():  # PyTorch wants an option instead that its older versions do not have
            warnings.simplefilter("ignore", FutureWarning)
            # statistics are the same in all processes: none needs to be sent; gradients lie where they are averaged,
            # so that each is there once
            self.wrapped = DistributedDataParallel(
                model, devices, broadcast_buffers=False, find_unused_parameters=self.idle, gradient_as_bucket_view=True
            )
        return self.wrapped

    @contextmanager
    def gradients(self, complete: bool) -> Iterator[None]:
        with nullcontext() if complete or self.wrapped is None else self.wrapped.no_sync():
            yield

    def average(self, parameters: Sequence[nn.Parameter]) -> None:
        if not self.builds:
            return
        known = torch.tensor([weight.grad is not None for weight in parameters], dtype=torch.uint8, device=self.device)
        dist.all_reduce(known, dist.ReduceOp.MAX)  # some have none in a process without samples for them
        for weight, wanted in zip(parameters, known.tolist(), strict=True):
            if wanted and weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        gradients = [weight.grad for weight in parameters if weight.grad is not None]
        for dtype in {gradient.dtype for gradient in gradients}:
            own = [gradient for gradient in gradients if gradient.dtype == dtype]
            flat = torch.cat([gradient.reshape(-1) for gradient in own])
            dist.all_reduce(flat)
            flat /= self.processes
            start = 0
            for gradient in own:
                gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
                start += gradient.numel()

    @property
    def state_files(self) -> tuple[int, ...]:
        return (0, self.rank)

    def kept(self, name: str) -> bool:
        """The first process writes for all; the others have random states and losses of their own."""
        return self.leads or name.startswith("random.") or name.endswith("losses")
