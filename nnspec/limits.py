"""Limits on the demands of a spec. A spec cannot raise them; the caller can (`--limit tokens=80000`)."""

from __future__ import annotations

import os
from pathlib import Path

from nnspec.arguments import typed
from nnspec.record import Record

CONTAINER = Path("/sys/fs/cgroup/memory.max")  # where Linux says what a container may use


def machine_memory() -> int:
    """The bytes of memory that this program can have: those of the machine, or of the container that it is in."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # not on this system
        return 1 << 63
    try:
        return min(found, int(CONTAINER.read_text()))
    except (OSError, ValueError):  # there is none, or it may use all
        return found


@typed
class Limits(Record):
    """Bounds that keep any input, however made, from taking the machine.

    Lark reads about 9,000 tokens a CPU second and its trees are walked by recursion, hence `tokens` and `nesting`.

    >>> nnspec.Limits(tokens=80_000)
    Limits(tokens=80000)

    Args:
        bytes: of one file.
        tokens: of one file.
        nesting: of brackets.
        digits: of a number.
        recursion: of block calls.
        imports: a file that imports one that imports one, and so on.
        modules: distinct modules in the IR.
        calls: statements carried out and calls made.
        size: of a dimension.
        rank: dimensions of a tensor, as many as PyTorch and numpy take.
        layers: expanded layers, where a lowering must expand repeats.
        memory: bytes of the weights of a network that is built.
    """

    bytes: int = 1 << 20
    tokens: int = 40_000
    nesting: int = 64
    digits: int = 12
    recursion: int = 64
    imports: int = 16
    modules: int = 20_000
    calls: int = 50_000
    size: int = 2**31 - 1
    rank: int = 64
    layers: int = 100_000
    memory: int = machine_memory()

    def __repr__(self) -> str:
        own = {name: getattr(self, name) for name in self.record_fields if getattr(self, name) != getattr(Limits, name)}
        return f"Limits({', '.join(f'{name}={value}' for name, value in own.items())})"


DEFAULT_LIMITS = Limits()
