"""Numbers that know how they are written: `4 * width`, where it matters, and 3072 for all who compute with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from nnspec.record import Record
from nnspec.to_torch.formula import Number

MARK = r"number\d+_"
_OPEN, _CLOSE = re.compile(r"(?:[(\[,:=]|[(\[,:=] )$"), re.compile(r"[)\],:]|$")


def inserted(before: str, text: str, behind: str) -> str:
    """A number as it stands between other text: in parentheses where it would come apart without."""
    whole = not (" " in text or text.startswith("-")) or ((not before or _OPEN.search(before)) and _CLOSE.match(behind))
    return text if whole else f"({text})"


class Template(Record):
    """Source text around numbers."""

    pieces: tuple[str, ...]  # one more than there are numbers
    numbers: tuple[Any, ...]

    def filled(self, texts: Sequence[str]) -> str:
        """The source with these texts for the numbers."""
        done = self.pieces[0]
        for text, piece in zip(texts, self.pieces[1:], strict=True):
            done += inserted(done, text, piece) + piece
        return done


class Marks:
    """The marks that stand for such numbers in a text, until it is known how its class writes them."""

    def __init__(self) -> None:
        self.numbers: dict[str, Written] = {}
        self._free = (f"number{index}_" for index in count())

    def template(self, text: str) -> Template | None:
        """Source with marks in it as text around numbers; None where there is none."""
        *pairs, last = re.split(rf"\b({MARK})(?!\w)", text)
        if not pairs:
            return None
        return Template((*pairs[::2], last), tuple(self.numbers[mark] for mark in pairs[1::2]))

    def of(self, value: Number, text: str) -> Number:
        """The number with its text, and a mark of its own."""
        if isinstance(value, tuple):
            return value
        mark = next(self._free)
        self.numbers[mark] = made = Whole(value, text, mark) if isinstance(value, int) else Real(value, text, mark)
        return made


class Whole(int):
    """A whole number."""

    text: str
    mark: str

    def __new__(cls, value: int, text: str, mark: str) -> Whole:
        made = super().__new__(cls, value)
        made.text, made.mark = text, mark
        return made

    def __repr__(self) -> str:
        return self.mark

    __str__ = __repr__


class Real(float):
    """A number with a point."""

    text: str
    mark: str

    def __new__(cls, value: float, text: str, mark: str) -> Real:
        made = super().__new__(cls, value)
        made.text, made.mark = text, mark
        return made

    def __repr__(self) -> str:
        return self.mark

    __str__ = __repr__


Written = Whole | Real


def is_written(value: Any) -> bool:
    """Whether a number, or one in a tuple, knows how it is written."""
    return any(map(is_written, value)) if isinstance(value, tuple) else isinstance(value, (Whole, Real))


def plain(value: Any) -> Any:
    """The number without its text."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    return int(value) if isinstance(value, Whole) else float(value) if isinstance(value, Real) else value
