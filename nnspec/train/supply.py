"""The means by which data reaches the steps: memory, worker processes, and what is done with damaged samples."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.record import Record

UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:(%)|([KMGT]?)I?B?)", re.IGNORECASE)
MODEST = 1 << 30  # bytes that data may take in the memory of a process, unless it is said otherwise
SHARE = 8  # the part of this machine's memory that it may take at most then: an eighth
WORKERS = 16  # processes that decode, at most, unless it is said otherwise


class BadAmount(Diagnostic):
    """`--memory` takes a share of the machine's memory, such as 25%, or a number of bytes, such as 512MB or 4GB."""

    code = "E0650"
    text: str

    @property
    def message(self) -> str:
        return f"--memory {self.text} is no amount of memory"

    @property
    def help(self) -> str | None:
        return "write a share, 25%, or a number of bytes, 512MB or 4GB"


def bytes_of(text: str | None, processes: int = 1) -> int:
    """The bytes that data may take in each of the processes on this machine; a modest number where nothing is said.

    Raises:
        SpecError: the text is no amount.
    """
    whole = _installed()
    if text is None:
        return min(MODEST, whole // SHARE) // processes
    found = AMOUNT.fullmatch(text.strip())
    if found is None or (found[2] and float(found[1]) > 100):
        raise SpecError.of(BadAmount(None, text))
    amount = float(found[1])
    return int(whole * amount / 100 if found[2] else amount * UNITS[found[3].upper()]) // processes


def _installed() -> int:
    """The bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return 8 << 30


def workers_of(wanted: int | None, processes: int = 1) -> int:
    """The number of worker processes of each of the processes on this machine."""
    if wanted is not None:
        return wanted
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(WORKERS, allowed) // processes)


def supply_of(memory: str | None, workers: int | None, beside: Path | None = None, processes: int = 1) -> Supply:
    """The means of each of the processes on this machine.

    Args:
        memory: that data may take, as its user writes it; a modest amount for None.
        workers: processes that read samples; one a core for None.
        beside: the folder of runs; that of temporary files for None.
        processes: on this machine, which share memory and cores.

    Raises:
        SpecError: the memory is no amount.
    """
    found = Supply(bytes_of(memory, processes), workers_of(workers, processes))
    return found if beside is None else found.replace(beside=beside)


def _unsaid(text: str) -> None:
    """Say nothing."""


def _untold(done: int, total: int) -> None:
    """Tell nobody."""


class Supply(Record):
    """The means by which data reaches the steps."""

    memory: int = MODEST  # bytes that data may take
    workers: int = 0  # processes that read samples
    beside: Path = Path(tempfile.gettempdir())  # the folder of runs, for what is made of data once
    skips: bool = False  # damaged samples, which are counted, instead of stopping
    say: Callable[[str], None] = staticmethod(_unsaid)  # a line for the user
    reading: Callable[[int, int], None] = staticmethod(_untold)  # what is read, of all
