"""The rank of this process among several, as torchrun tells it in the environment; imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Mapping

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.record import Record

STRATEGIES = ("ddp", "fsdp")
START = "torchrun --nproc-per-node 4 -m nnspec train MODEL.nn --strategy"


class NotLaunched(Diagnostic):
    """A strategy for several processes was asked for in a lone process, or several were started without a strategy.

    `torchrun` starts the processes and tells each which one it is: --strategy ddp keeps all weights in each of them,
    --strategy fsdp a share. The batch of the recipe is that of all processes together.
    """

    code = "E0620"
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return self.reason


class Process(Record):
    """A process among all."""

    rank: int = 0
    count: int = 1
    local: int = 0  # its number on its machine
    beside: int = 1  # processes on its machine, itself included

    @property
    def reports(self) -> bool:
        """Whether it is the one of its machine that tells what all of them find."""
        return self.local == 0


def this_process(variables: Mapping[str, str] = os.environ) -> Process:
    """This process, as torchrun describes it; a lone one where it says nothing."""
    texts = [variables.get(name, "") for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")]
    if not all(text.isascii() and text.isdecimal() for text in texts):
        return Process()
    rank, count, local = map(int, texts)
    beside = variables.get("LOCAL_WORLD_SIZE", "")
    return Process(rank, count, local, int(beside) if beside.isascii() and beside.isdecimal() else count)


class Launch(Record):
    """The launch by torchrun that a process belongs to, and how often its processes were started again."""

    key: str = ""  # "" for none
    restarts: int = 0


def this_launch(variables: Mapping[str, str] = os.environ) -> Launch:
    """The launch of this process, by which its restarts find the run that it began."""
    run, restarts = variables.get("TORCHELASTIC_RUN_ID", ""), variables.get("TORCHELASTIC_RESTART_COUNT", "")
    if not run:
        return Launch()
    key = f"{run}-{os.getppid()}" if run == "none" else run  # what torchrun says where nobody gave it a name
    return Launch(key, int(restarts) if restarts.isdecimal() else 0)


def check_launch(strategy: str | None, process: Process) -> None:
    """Check that processes and strategy fit each other.

    Raises:
        SpecError: there is one without the other, or no such strategy.
    """
    launched = "TORCHELASTIC_RUN_ID" in os.environ or process.count > 1
    if strategy is not None and strategy not in STRATEGIES:
        raise SpecError.of(NotLaunched(None, f"there is no strategy {strategy}", f"write {' or '.join(STRATEGIES)}"))
    if strategy is not None and not launched:
        advice = f"start several processes: {START} {strategy}"
        raise SpecError.of(
            NotLaunched(None, f"--strategy {strategy} is for several processes, and this is one", advice)
        )
    if strategy is None and process.count > 1:
        reason = f"{process.count} processes were started, and nothing says how they share the work"
        raise SpecError.of(NotLaunched(None, reason, f"write --strategy {' or --strategy '.join(STRATEGIES)}"))
