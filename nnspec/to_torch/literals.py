"""Numbers in the `forward` of modules that could share a class: those that differ are kept by the module.

`x[:, -16:]` in one and `x[:, -32:]` in the other is `x[:, -(self.channels // 2):]`, where they are what the arguments
of the block say; and a factor that differs is `self.scale`. Others, as the sizes of an image, keep classes apart.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

# Texts, children of lists, and numbers.
_TOKEN = re.compile(r"""("[^"]*"|'[^']*'|self[\w.]*\[\d+\])|(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])""")

_OPEN, _CLOSE = re.compile(r"(?:[(\[,:=]|[(\[,:=] )$"), re.compile(r"[)\],:]|$")

Lines = Sequence[str]


def without_literals(lines: Lines) -> tuple[str, ...]:
    """The lines with marks for numbers, by their types."""
    return tuple(_TOKEN.sub(lambda found: found[0] if found[1] else _mark(found[0]), line) for line in lines)


def differing(forwards: Sequence[Lines]) -> dict[int, tuple[Any, ...]]:
    """The numbers, by their places among all, that differ between lines which are equal without them."""
    columns = zip(*map(_literals, forwards), strict=True)
    return {place: values for place, values in enumerate(columns) if len(set(values)) > 1}


def factors(lines: Lines) -> set[int]:
    """The places of numbers with a point that something is multiplied by."""
    found = [each for line in lines for each in _numbers(line)]
    return {
        place
        for place, each in enumerate(found)
        if not each[0].isdecimal()
        and (each.string[: each.start()].endswith("* ") or each.string[each.end() :].startswith(" *"))
    }


def replaced(lines: Lines, texts: Mapping[int, str]) -> list[str]:
    """The lines with expressions in the places of some numbers."""
    done: list[str] = []
    place = 0
    for line in lines:
        pieces, end = list[str](), 0
        for each in _numbers(line):
            text = texts.get(place, each[0])
            whole = " " not in text or (_OPEN.search(line[: each.start()]) and _CLOSE.match(line[each.end() :]))
            pieces += [line[end : each.start()], text if whole else f"({text})"]
            place, end = place + 1, each.end()
        done.append("".join([*pieces, line[end:]]))
    return done


def _literals(lines: Lines) -> list[Any]:
    return [ast.literal_eval(each[0]) for line in lines for each in _numbers(line)]


def _numbers(line: str) -> list[re.Match[str]]:
    return [found for found in _TOKEN.finditer(line) if not found[1]]


def _mark(number: str) -> str:
    return "#" if number.isdecimal() else "#."
