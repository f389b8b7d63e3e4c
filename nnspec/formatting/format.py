"""`format_text`: a text in the canonical way. Its line breaks are its author's; all other space is decided.

The result is checked before it is given: it has the same words, signs and comments in the same order, and formatting it
again changes nothing.
"""

from __future__ import annotations

from nnspec.formatting.alignment import align
from nnspec.formatting.lexemes import lexemes
from nnspec.formatting.lines import Line, lines


def format_text(text: str) -> str:
    """A text in the canonical way; it must be one that can be read.

    Raises:
        AssertionError: the result says something else than the text.
    """
    made = _formatted(text)
    assert _content(made) == _content(text), "formatting has changed a text"
    assert _formatted(made) == made, "formatting is not stable"
    return made


def _formatted(text: str) -> str:
    made = lines(lexemes(text))
    align(made)
    return "".join(_written(line) + "\n" for line in made)


def _written(line: Line) -> str:
    between = "  " if line.text and line.comment else ""
    return f"{' ' * line.indent}{line.text}{between}{line.comment}".rstrip()


def _content(text: str) -> list[str]:
    """The pieces of a text, whatever the space between them."""
    return ["".join(piece.text.split()) for piece in lexemes(text) if piece.kind != "end"]
