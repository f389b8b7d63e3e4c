"""A text as words, signs, comments and line ends, which together are all of it but the white space between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LEXEME = re.compile(
    r"""(?P<space>[ \t\r\ufeff]+)
    | (?P<end>\n)
    | (?P<comment>\#[^\n]*)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<number>[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|[0-9]+)
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>->|\.\.\.|\.\.|\*\*|//|==|!=|<=|>=|.)""",
    re.VERBOSE,
)
_PART = re.compile(r"(?P<word>[A-Za-z0-9_]+)")  # of a path, behind a dot: the 0 of `0.1`, and all of `3x3`


class Lexeme(NamedTuple):
    """A piece of the text, the number of spaces before it, and the column in which its author has it."""

    kind: str  # word, number, string, sign, comment or end
    text: str
    spaces: int = 0
    column: int = 0


def lexemes(text: str) -> Iterator[Lexeme]:
    """The pieces of a text, in order."""
    place = spaces = start = 0
    before = ""
    while place < len(text):
        found = (_PART.match(text, place) if before == "." else None) or _LEXEME.match(text, place)
        assert found is not None and found.lastgroup is not None
        place = found.end()
        if found.lastgroup == "space":
            spaces = len(found[0])
            continue
        yield Lexeme(found.lastgroup, found[0].rstrip("\r"), spaces, found.start() - start)
        spaces, before = 0, found[0]
        if found.lastgroup == "end":
            start = place
