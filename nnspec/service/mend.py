"""`mend`: a text with mistakes of syntax, with each broken declaration closed before its break.

What is left out becomes white space, so that every offset stays what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from nnspec.diagnostics import Sink, Source
from nnspec.limits import Limits
from nnspec.syntax.parse import parse
from nnspec.syntax.pieces import DECLARATION

_TRIES = 12  # lines and arrows before the break at which closing is tried
_SIGN = r'#[^\n]*|"(?:\\.|[^"\\\n])*"?|->|[()\[\]{}\n]'


def mend(text: str, breaks: Iterable[int], limits: Limits) -> tuple[str, list[tuple[int, int]]]:
    """The text that can be read, and from where to where each broken declaration was left out.

    Args:
        text: of a file.
        breaks: the offsets of its mistakes of syntax.
        limits: bounds on what it may hold.
    """
    starts = [0, *(match.start() for match in re.finditer(DECLARATION, text)), len(text)]
    cuts: list[tuple[int, int]] = []
    for start, end in pairwise(starts):
        # A declaration that is not closed breaks at the one behind it.
        inside = [at for at in breaks if start < at <= end or at == start == 0 or (at >= end == len(text))]
        if inside and start < end:
            made, cut = _closed(text[start:end], min(inside) - start, limits)
            text = text[:start] + made + text[end:]
            cuts.append((start + cut, end))
    return text, cuts


def _closed(piece: str, at: int, limits: Limits) -> tuple[str, int]:
    """A declaration up to the last step before its break that it can be read with, and where that ends."""
    for cut, depth in _cuts(piece, at)[:_TRIES]:
        closers = "}" * depth
        rest = _blank(piece[cut:])
        if rest.endswith("\n") and len(rest) <= depth:
            continue  # the next declaration would stand on the same line
        made = piece[:cut] + (closers + rest[depth:] if len(rest) > depth else closers)
        sink = Sink()
        parse(Source("", made), sink, limits)
        if not sink.found:
            return made, cut
    return _blank(piece), 0


def _cuts(piece: str, at: int) -> list[tuple[int, int]]:
    """The ends of lines and steps outside brackets, with the number of braces open there, from the last one back."""
    found: list[tuple[int, int]] = []
    open_: list[str] = []
    for match in re.finditer(_SIGN, piece):
        sign = match[0]
        if sign in ("\n", "->"):
            if open_ and set(open_) == {"{"}:
                found.append((match.start(), len(open_)))
            if match.start() >= at and sign == "\n":
                break
        elif sign in "([{":
            open_.append(sign)
        elif sign in ")]}" and open_:
            open_.pop()
    return found[::-1]


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
