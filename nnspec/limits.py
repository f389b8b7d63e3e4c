"""How much a spec may ask for. A spec cannot raise these bounds; the caller can (`--limit tokens=80000`)."""

from __future__ import annotations

from nnspec.record import Record


class Limits(Record):
    """Bounds that keep any input, however made, from taking the machine.

    Lark reads about 9,000 tokens a CPU second and its trees are walked by recursion, hence `tokens` and `nesting`.
    """

    bytes: int = 1 << 20  # of one file
    tokens: int = 40_000  # of one file
    nesting: int = 64  # of brackets
    digits: int = 12  # of a number
    recursion: int = 64  # of block calls
    imports: int = 16  # a file that imports a file that imports ...
    modules: int = 20_000  # distinct modules in the IR
    calls: int = 50_000  # statements carried out and calls made
    size: int = 2**31 - 1  # of a dimension
    layers: int = 100_000  # expanded layers, where a lowering must expand repeats


DEFAULT_LIMITS = Limits()
