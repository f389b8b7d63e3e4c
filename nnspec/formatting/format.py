"""`format_text`: a text in the canonical way. Its line breaks are its author's; all other space is decided.

The result is checked before it is given: it has the same words, signs and comments in the same order, and formatting it
again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from nnspec.formatting.alignment import align
from nnspec.formatting.lexemes import Lexeme, lexemes
from nnspec.formatting.lines import Line, lines

_ROUNDS = 100


def format_text(text: str) -> str:
    """A text in the canonical way; it must be one that can be read.

    Raises:
        AssertionError: the result says something else than the text.
    """
    given = list(lexemes(text))
    made, pieces = "", given
    for _ in range(_ROUNDS):
        before, made = made, _formatted(pieces)
        if made == before:
            break
        pieces = list(lexemes(made))  # signs that were moved may stand below others now
    else:
        raise AssertionError("formatting does not come to an end")
    assert _content(pieces) == _content(given), "formatting has changed a text"
    return made


def _formatted(pieces: Iterable[Lexeme]) -> str:
    made = lines(pieces)
    align(made)
    return "".join(_written(line) + "\n" for line in made)


def _written(line: Line) -> str:
    between = "  " if line.text and line.comment else ""
    return f"{' ' * line.indent}{line.text}{between}{line.comment}".rstrip()


def _content(pieces: Iterable[Lexeme]) -> list[str]:
    """The pieces, whatever the space between them."""
    return ["".join(piece.text.split()) for piece in pieces if piece.kind != "end"]
