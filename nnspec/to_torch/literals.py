"""Numbers in the source of modules that could share a class: what its parameters say is written so.

`x[:, -16:]` in one and `x[:, -32:]` in the other is `x[:, -(self.channels // 2):]`, where they are what the arguments
of the block say; and a factor that differs is `self.scale`. Others, as the sizes of an image, keep classes apart.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nnspec.to_torch.number import MARK, Marks, Written, inserted, plain

# Texts, attributes and children of lists; numbers, and the marks of numbers that know how they are written.
_TOKEN = re.compile(
    rf"""("[^"]*"|'[^']*'|self[\w.]*\[\d+\]|\.{MARK})"""
    rf"""|(?<![\w.])(?:{MARK}(?!\w)|\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.]))"""
)
Lines = Sequence[str]
Value = int | float | Written


class Literals:
    """The numbers in lines of source."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks

    def hidden(self, lines: Iterable[str]) -> tuple[str, ...]:
        """The lines with signs for numbers, by their types."""
        return tuple(
            _TOKEN.sub(lambda found: found[0] if found[1] else _sign(self._value(found)), line) for line in lines
        )

    def shown(self, lines: Lines) -> tuple[str, ...]:
        """The lines with plain numbers."""
        return tuple(self.replaced(lines, {}))

    def columns(self, forwards: Sequence[Lines]) -> dict[int, tuple[Any, ...]]:
        """The numbers, by their places among all, of lines that are equal without them."""
        columns = zip(*([self._value(each) for each in _numbers(lines)] for lines in forwards), strict=True)
        return dict(enumerate(columns))

    def replaced(self, lines: Lines, texts: Mapping[int, str]) -> list[str]:
        """The lines with expressions in the places of some numbers, and plain numbers in all others."""
        done: list[str] = []
        place = 0
        for line in lines:
            pieces, end = list[str](), 0
            for each in _numbers([line]):
                marked = each[0] in self.marks.numbers
                text = texts.get(place) or (repr(plain(self._value(each))) if marked else each[0])
                text = inserted(line[: each.start()], text, line[each.end() :])
                pieces += [line[end : each.start()], text]
                place, end = place + 1, each.end()
            done.append("".join([*pieces, line[end:]]))
        return done

    def _value(self, found: re.Match[str]) -> Value:
        marked = self.marks.numbers.get(found[0])
        literal: int | float = ast.literal_eval(found[0]) if marked is None else 0
        return literal if marked is None else marked


def factors(lines: Lines) -> set[int]:
    """The places of numbers that something is multiplied by."""
    found = enumerate(_numbers(lines))
    return {
        place
        for place, each in found
        if each.string[: each.start()].endswith("* ") or each.string[each.end() :].startswith(" *")
    }


def _numbers(lines: Lines) -> Iterator[re.Match[str]]:
    return (found for line in lines for found in _TOKEN.finditer(line) if not found[1])


def _sign(number: Value) -> str:
    return "#" if isinstance(number, int) else "#."
