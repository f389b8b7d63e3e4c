"""The declarations of texts that were read before, so that after an edit only what it changed is read again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.syntax.walk import moved

# Where a declaration begins, for who looks for one in a text that may be broken.
DECLARATION = r"(?m)^(?:block|model|import|train)\b"
_MOST = 4_000  # pieces that are kept


class Piece(Record):
    """A part of a text that holds whole declarations."""

    start: int  # where it stood when it was read
    tokens: int
    declarations: tuple[t.Declaration, ...]


class Pieces:
    """What was read before, by its text. It may be used for any number of texts, one after the other."""

    def __init__(self) -> None:
        self._known: dict[str, Piece] = {}

    def known(self, text: str) -> Piece | None:
        """A piece by its text."""
        piece = self._known.pop(text, None)
        if piece is not None:
            self._known[text] = piece  # those that were asked for last are kept
        return piece

    def keep(self, text: str, piece: Piece) -> None:
        """Keep a piece, and let go of one that nobody has asked for."""
        self._known[text] = piece
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]


def divided(text: str, start: int) -> Iterator[tuple[int, int]]:
    """A text from an offset on, cut before each line that seems to begin a declaration; without what is no code."""
    begins = [match.start() for match in re.compile(DECLARATION).finditer(text, start)]
    for first, last in pairwise([*dict.fromkeys([start, *begins]), len(text)]):
        yield first, _without_comments(text, first, last)


def _without_comments(text: str, start: int, end: int) -> int:
    """The end of a part of a text without the comments and empty lines behind it."""
    while start < end:
        line = text.rfind("\n", start, end - 1) + 1 or start
        if (written := text[line:end].strip()) and not written.startswith("#"):
            break
        end = line
    return end


def placed(piece: Piece, text: str, start: int) -> Iterator[t.Declaration]:
    """The declarations of a piece where it stands now, with the comments that stand above them now."""
    for each in piece.declarations:
        node = each if start == piece.start else moved(each, start - piece.start)
        if isinstance(node, (t.Block, t.Model)):
            above = documentation(text, node.start)
            node = node if node.documentation == above else node.replace(documentation=above)
        yield node


def documentation(text: str, start: int) -> str:
    """The comment lines right above a declaration."""
    lines: list[str] = []
    end = text.rfind("\n", 0, start)
    while end >= 0:
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end].strip()
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
        end = begin - 1
    return "\n".join(reversed(lines)).strip()
