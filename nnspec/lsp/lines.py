"""Offsets of a text as lines and characters of the protocol, which counts these in UTF-16, UTF-8 or whole ones."""

from __future__ import annotations

import re
from bisect import bisect_right

from lsprotocol import types as lsp

_BYTES = {"utf-8": 1, "utf-16": 2, "utf-32": 4}  # of a unit


class Lines:
    """The lines of a text. They end where the protocol says so: at a newline, a carriage return, or both."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self._encoding, self._unit = f"{encoding}-le" if encoding != "utf-8" else encoding, _BYTES[encoding]
        self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
        self._plain = text.isascii()

    def position(self, offset: int) -> lsp.Position:
        """The position of an offset."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._starts, offset) - 1
        return lsp.Position(line, self._units(self.text[self._starts[line] : offset]))

    def offset(self, position: lsp.Position) -> int:
        """The offset of a position; behind the end of its line that is the end."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        end = self._starts[position.line + 1] if position.line + 1 < len(self._starts) else len(self.text)
        line = self.text[start:end].rstrip("\r\n")
        if self._plain:
            return start + min(position.character, len(line))
        count = 0
        for index, character in enumerate(line):
            if count >= position.character:
                return start + index
            count += self._units(character)
        return start + len(line)

    def range(self, start: int, end: int) -> lsp.Range:
        """The range between two offsets."""
        return lsp.Range(self.position(start), self.position(end))

    def _units(self, text: str) -> int:
        return len(text) if self._plain else len(text.encode(self._encoding, "surrogatepass")) // self._unit
