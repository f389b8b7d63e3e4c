"""The lexer by which Pygments colours specs: documents and notebooks find it as `nn`, files by their `.nn`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pygments import token
from pygments.lexer import Lexer

from nnspec.highlight import Kind, pieces

TOKENS: dict[Kind, token._TokenType] = {
    "space": token.Whitespace,
    "comment": token.Comment.Single,
    "string": token.String.Double,
    "escape": token.String.Escape,
    "interpolation": token.String.Interpol,
    "number": token.Number,
    "keyword": token.Keyword,
    "constant": token.Keyword.Constant,
    "word_operator": token.Operator.Word,
    "definition": token.Name.Class,
    "layer": token.Name.Function,
    "label": token.Name.Label,
    "type": token.Keyword.Type,
    "size": token.Name.Constant,
    "argument": token.Name.Attribute,
    "name": token.Name,
    "operator": token.Operator,
    "punctuation": token.Punctuation,
    "error": token.Error,
}


class SpecLexer(Lexer):  # type: ignore[misc]  # Pygments is not typed
    """The pieces of nnspec/highlight.py as tokens of Pygments."""

    name = "nnspec"
    aliases: ClassVar[list[str]] = ["nnspec", "nn"]
    filenames: ClassVar[list[str]] = ["*.nn"]
    mimetypes: ClassVar[list[str]] = ["text/x-nnspec"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, token._TokenType, str]]:
        """The offset, the token and the text of each piece."""
        place = 0
        for piece in pieces(text):
            yield place, TOKENS[piece.kind], piece.text
            place += len(piece.text)
