"""The lines of a text: their indentation by the brackets around them, and their pieces with the space between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from nnspec.formatting.lexemes import Lexeme
from nnspec.formatting.spacing import is_operand, space

INDENT = 2
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = frozenset(_OPENING.values())


class Mark:
    """A sign that lines may be aligned by: its place in the text, and where its author has it."""

    def __init__(self, place: int, piece: Lexeme, spaces: int = 1) -> None:
        """`spaces` stand before it where it is not aligned."""
        self.place = place
        self.column = piece.column
        self.padded = piece.spaces > spaces


class Line:
    """A line to be written: blank, a comment, or code with perhaps a comment behind it."""

    def __init__(self, indent: int, text: str = "", comment: str = "") -> None:
        self.indent = indent
        self.text = text
        self.comment = comment
        self.marks: dict[str, Mark] = {}  # by name: the first `=`, `{` and `#`, and each `->` by its number

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text and not self.comment


class _Bracket:
    """An open bracket: how far lines inside it are indented, and the line that ends with it."""

    def __init__(self, sign: str, inside: int, outside: int) -> None:
        self.sign = sign
        self.inside = inside
        self.outside = outside


class _Writer:
    """Writes one line after the other; brackets may stay open between them."""

    def __init__(self) -> None:
        self.open: list[_Bracket] = []
        self.base = 0  # the indentation of the line in which what is being written began

    def line(self, row: Sequence[Lexeme]) -> Line:
        """A line of these pieces."""
        comment = row[-1] if row and row[-1].kind == "comment" else None
        code = row[:-1] if comment else row
        line = Line(self._indent(code), "", _comment(comment.text) if comment else "")
        self.base = line.indent
        if self.open and self.open[-1].sign == "[" and _is_row_of_table(code):
            self._row_of_table(code, line)
        else:
            self._statement(code, line)
        if code and comment:
            line.marks["#"] = Mark(len(line.text), comment, 2)
        return line

    def _indent(self, code: Sequence[Lexeme]) -> int:
        """The indentation of a line: that of the line in which its closing bracket was opened, or of its body."""
        if code and code[0].text in _CLOSING and self.open:
            return self.open[-1].outside
        inside = self.open[-1].inside if self.open else 0
        return inside + INDENT if code and code[0].text == "->" else inside

    def _statement(self, code: Sequence[Lexeme], line: Line) -> None:
        outer = depth = len(self.open)
        before: Lexeme | None = None
        left: Lexeme | None = None
        unary = False
        arrows = 0
        for index, piece in enumerate(code):
            if left is not None:
                line.text += space(before, left, piece, self._around(outer), unary)
            if index and len(self.open) == depth and piece.text in ("->", "=", "{"):
                arrows += piece.text == "->"
                name = f"-> {arrows}" if piece.text == "->" else piece.text
                line.marks.setdefault(name, Mark(len(line.text), piece))
            unary = piece.text in ("+", "-") and not is_operand(left, before)
            line.text += piece.text
            self._bracket(piece, line, last=index + 1 == len(code))
            depth = min(depth, len(self.open))
            before, left = left, piece

    def _around(self, outer: int) -> str:
        """The innermost bracket; of braces only one that was opened in this line, before which `outer` were open."""
        sign = self.open[-1].sign if self.open else ""
        return sign if sign != "{" or len(self.open) > outer else ""

    def _row_of_table(self, code: Sequence[Lexeme], line: Line) -> None:
        """A row of numbers below others: the space inside it is its author's."""
        for index, piece in enumerate(code):
            line.text += " " * piece.spaces * (index > 0) + piece.text
            self._bracket(piece, line, last=index + 1 == len(code))

    def _bracket(self, piece: Lexeme, line: Line, last: bool) -> None:
        if piece.text in _OPENING:
            hangs = piece.text != "{" and not last
            inside = line.indent + len(line.text) if hangs else self.base + INDENT
            self.open.append(_Bracket(piece.text, inside, self.base))
        elif piece.text in _CLOSING and self.open:
            self.base = self.open.pop().outside


def lines(pieces: Iterable[Lexeme]) -> list[Line]:
    """The lines of a text, in order."""
    made: list[Line] = []
    writer = _Writer()
    row: list[Lexeme] = []
    for piece in [*pieces, Lexeme("end", "\n")]:
        if piece.kind == "end":
            made.append(writer.line(row))
            row = []
        else:
            row.append(piece)
    return _without_idle_blanks(made)


def _is_row_of_table(code: Sequence[Lexeme]) -> bool:
    """Whether the elements of a line of a list stand in columns."""
    return any(right.spaces > 1 or (left.text == "[" and right.spaces) for left, right in pairwise(code))


def _comment(text: str) -> str:
    """A comment with a space behind its sign; lines of signs and `#!` stay as they are."""
    body = text[1:].rstrip()
    return f"# {body}" if body and body[0] not in " \t#!" else f"#{body}"


def _without_idle_blanks(made: list[Line]) -> list[Line]:
    """The lines with one blank line at most between two others, and none at the ends of the text and of braces."""
    kept: list[Line] = []
    for line in made:
        if line.is_blank and (not kept or kept[-1].is_blank or kept[-1].text.endswith("{")):
            continue
        if line.text.startswith("}") and kept and kept[-1].is_blank:
            kept.pop()
        kept.append(line)
    while kept and kept[-1].is_blank:
        kept.pop()
    return kept
