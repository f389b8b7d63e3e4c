"""Where something stands: a source text and two offsets in it."""

from __future__ import annotations

from bisect import bisect_right

from nnspec.cached import cached_property
from nnspec.record import Record


class Source(Record):
    """A text with the name that messages show for it."""

    name: str
    text: str

    @cached_property
    def line_starts(self) -> list[int]:
        """The offset at which every line starts."""
        starts, position = [0], self.text.find("\n")
        while position >= 0:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """The line and column of an offset, both counted from 1."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        start = self.line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")


class Span(Record):
    """The characters from `start` up to `end` of a source."""

    source: Source
    start: int
    end: int

    @property
    def lines(self) -> tuple[int, int, int, int]:
        """Line and column, from 1, of its start and of what is behind it."""
        return *self.source.position(self.start), *self.source.position(self.end)

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.source, self.start, max(self.end, other.end))

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"

    def __hash__(self) -> int:
        return hash((self.source.name, self.start, self.end))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Span)
            and (self.start, self.end) == (other.start, other.end)
            and self.source.name == other.source.name
        )
