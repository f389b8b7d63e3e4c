"""FSDP2: every process keeps a share of each weight; a block's weights are whole only while it computes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor

from nnspec.diagnostics import Span, SpecError
from nnspec.ir import Program
from nnspec.recipe.optimizers import LBFGS, Adafactor, Muon, SparseAdam
from nnspec.recipe.plan import Plan
from nnspec.train.group import Group
from nnspec.train.strategy import NotSpread

OF_WHOLE = (Adafactor, LBFGS, Muon, SparseAdam)  # whose steps are not those of each element alone


class Sharded(Group):
    """`torch.distributed.fsdp.fully_shard`, block by block."""

    name = "fsdp"
    shards = True

    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self.mesh = init_device_mesh(device.type, (self.processes,))

    def spread(self, model: nn.Module, program: Program, read: Set[str], sources: dict[str, Span]) -> None:
        super().spread(model, program, read, sources)
        for name, weight in model.named_parameters():
            if weight.ndim == 0:
                reason = f"its weight {name} is a single number, which has no shares"
                raise SpecError.of(NotSpread(None, "fsdp", reason, "give it a dimension, [1], or train with ddp"))
        for block in blocks(model, program):
            fully_shard(block, mesh=self.mesh)
        # after validation, too, the weights must be the shares that are saved
        self.model: FSDPModule = fully_shard(model, mesh=self.mesh, reshard_after_forward=True)

    def check(self, plan: Plan, program: Program, sources: dict[str, Span]) -> None:
        super().check(plan, program, sources)
        if plan.builds:
            reason = "its recipe builds networks of its own, whose weights fsdp cannot share out"
            raise SpecError.of(NotSpread(None, "fsdp", reason, "train it with --strategy ddp"))
        if isinstance(plan.recipe.optimizer, OF_WHOLE):
            word = plan.recipe.optimizer.word
            reason = f"{word} needs whole weights, of which a process has a share"
            raise SpecError.of(NotSpread(plan.places.get("optimizer"), "fsdp", reason, "train it with --strategy ddp"))

    @contextmanager
    def gradients(self, complete: bool) -> Iterator[None]:
        self.model.set_requires_gradient_sync(complete)
        yield

    def own(self, tensor: Tensor) -> Tensor:
        return tensor.to_local() if isinstance(tensor, DTensor) else tensor

    def has_part(self, tensor: Tensor) -> bool:
        return isinstance(tensor, DTensor)

    def placed(self, own: Tensor, like: Tensor) -> Tensor:
        if not isinstance(like, DTensor) or own.shape not in (like.shape, like.to_local().shape):
            return own
        if own.shape == like.shape and self.processes > 1:  # as fully_shard divides it
            parts = own.chunk(self.processes)
            own = parts[self.rank] if self.rank < len(parts) else own[:0]
        return DTensor.from_local(
            own, like.device_mesh, like.placements, run_check=False, shape=like.shape, stride=like.stride()
        )

    def whole(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        found = {}
        for name, tensor in tensors.items():
            full = tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
            if self.leads:
                found[name] = full.detach().cpu()
        return found

    @property
    def state_files(self) -> tuple[int, ...]:
        return (self.rank,)


def blocks(model: nn.Module, program: Program) -> list[nn.Module]:
    """The outermost blocks that a network applies several times, as modules; those that share no weight with others."""
    modules = dict(model.named_modules())
    owners = Counter(id(weight) for _, weight in model.named_parameters(remove_duplicate=False))
    found = []
    for path in repeated(program):
        block = modules.get(path)
        weights = list(block.parameters()) if block is not None else []
        if block is not None and weights and all(owners[id(weight)] == 1 for weight in weights):
            found.append(block)
    return found


def repeated(program: Program) -> Iterator[str]:
    """The paths of the outermost modules that are applied several times, each time with weights of its own."""
    applied = Counter[object]()
    again = set()
    for key in program.order:
        for call in program.modules[key].calls:
            applied[call.callee if isinstance(call.callee, str) else None] += call.count
            if call.shared or call.scan or call.routed:  # in a process, some experts may have no tokens
                again.add((key, call.label))

    def below(key: str, path: str) -> Iterator[str]:
        for call in program.modules[key].calls:
            if not isinstance(call.callee, str) or (key, call.label) in again:
                continue
            for label in call.labels:
                if applied[call.callee] > 1:
                    yield path + label
                else:
                    yield from below(call.callee, f"{path}{label}.")

    return below(program.entry, "")
