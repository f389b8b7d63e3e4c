"""A group of processes, and what the strategies for several have in common."""

from __future__ import annotations

import atexit
import re
import sys
from collections.abc import Set

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.diagnostics.render import render
from nnspec.ir import Program
from nnspec.ir.state import call_at
from nnspec.layers.families.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from nnspec.recipe.plan import Plan
from nnspec.recipe.targets import span_of
from nnspec.train.launch import NotLaunched, Process
from nnspec.train.meeting import meeting_place
from nnspec.train.strategy import NotSpread, Share, Strategy


def join(process: Process, device: torch.device) -> None:
    """Join the group of all processes that torchrun started; it lasts as long as they do.

    Raises:
        SpecError: they do not find each other.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)
    if dist.is_initialized():
        return
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        store = meeting_place(process)
        dist.init_process_group(backend, store=store, rank=process.rank, world_size=process.count)
    except (RuntimeError, ValueError) as error:
        reason = f"the processes do not find each other: {str(error).splitlines()[0]}"
        advice = "start them with torchrun, which tells each of the others"
        raise SpecError.of(NotLaunched(None, reason, advice)) from None
    atexit.register(dist.destroy_process_group)


OF_BATCHES = (BatchNorm1d, BatchNorm2d, BatchNorm3d)


class ProcessLost(Diagnostic):
    """Another process of the run ended, so that this one cannot go on. What the other one said is the reason."""

    code = "E0625"

    @property
    def message(self) -> str:
        return "another process of the run has ended"

    @property
    def help(self) -> str | None:
        return "look at what it said; the run can go on from its last state with --resume"


def tell_loss() -> None:
    """Print that another process is lost, where the program cannot go on to do so."""
    sys.stderr.write(render([Found(ProcessLost(None))]))


class Group(Strategy):
    """Several processes, each with a share of every batch."""

    def __init__(self, device: torch.device) -> None:
        self.rank, self.processes = dist.get_rank(), dist.get_world_size()
        self.device = device

    def check(self, plan: Plan, program: Program, sources: dict[str, Span]) -> None:
        """Batch normalisation is refused on CPUs before data is read."""
        if self.processes > 1 and self.device.type != "cuda" and not plan.builds:
            for call in (call for module in program.modules.values() for call in module.calls):
                if isinstance(call.callee, OF_BATCHES) or getattr(call.callee, "track_running_stats", False):
                    raise SpecError.of(self._of_a_batch(type(call.callee).__name__, span_of(call, sources)))

    def spread(self, model: nn.Module, program: Program, read: Set[str], sources: dict[str, Span]) -> None:
        """Let batch normalisation take its statistics over all processes; draw other random numbers in each of them."""
        self.computing(model)
        for name, module in model.named_modules() if self.processes > 1 else ():
            own = isinstance(module, _NormBase) and not isinstance(module, nn.SyncBatchNorm)
            if own and (isinstance(module, _BatchNorm) or module.track_running_stats):
                call = call_at(program, program.main, name)
                raise SpecError.of(self._of_a_batch(name, span_of(call, sources) if call else None))
        if not self.leads:
            torch.manual_seed(torch.initial_seed() + self.rank)

    def computing(self, module: nn.Module) -> nn.Module:
        if self.device.type != "cuda":
            return module
        found: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        return found

    def _of_a_batch(self, name: str, span: Span | None) -> NotSpread:
        reason = f"{name} has statistics of a batch, which PyTorch takes over all processes on GPUs only"
        advice = "train on GPUs or in one process, or normalise by GroupNorm or LayerNorm"
        return NotSpread(span, str(self.name), reason, advice)

    def share(self, count: int) -> Share:
        """As even as it goes; a process that would have no sample repeats one, which does not count."""
        start, stop = (count * number // self.processes for number in (self.rank, self.rank + 1))
        if start == stop:
            return Share(0, 1, 0)
        return Share(start, stop, stop - start)

    def total(self, tensor: Tensor) -> Tensor:
        result = tensor.clone()
        dist.all_reduce(result)
        return result

    def any(self, wish: bool) -> bool:
        flag = torch.tensor(int(wish))
        dist.all_reduce(flag, dist.ReduceOp.MAX)
        return bool(flag)

    def agree(self, text: str) -> str:
        return self._said(text, 0)

    def gathered(self, text: str) -> tuple[str, ...]:
        return tuple(self._said(text, rank) for rank in range(self.processes))

    def _said(self, text: str, rank: int) -> str:
        """The text of one of the processes."""
        content = torch.tensor(list(text.encode()), dtype=torch.uint8)
        length = torch.tensor(len(content))
        dist.broadcast(length, rank)
        said = content if self.rank == rank else torch.empty(int(length), dtype=torch.uint8)
        dist.broadcast(said, rank)
        return bytes(said.tolist()).decode()

    def lost(self, error: Exception) -> bool:
        return isinstance(error, dist.DistError) or re.search(r"[Cc]onnection (closed|reset)", str(error)) is not None

    def wait(self) -> None:
        self.any(False)
