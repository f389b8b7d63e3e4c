"""Between Lark's lexer and its parser: which line ends count, and bounds on what the parser is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lark import Token

from nnspec.limits import Limits

ENDS = frozenset({"_NEWLINE", "SEMICOLON"})
OPENING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSING = frozenset(OPENING.values())


class LimitReached(Exception):
    """The token at which a bound is exceeded, and which bound."""

    def __init__(self, token: Token, limit: str) -> None:
        super().__init__(limit)
        self.token = token
        self.limit = limit


class Layout:
    """Drops line ends inside (...) and [...], after `{`, and repeated ones; counts tokens and open brackets."""

    always_accept: ClassVar[tuple[str, ...]] = ("_NEWLINE",)

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.count = 0  # tokens of the file so far; `parse` sets it back for each file
        self.open: list[Token] = []
        self._recent: list[Token] = []  # the last two tokens that the parser was given

    def before(self, token: Token) -> Token | None:
        """The token before one that the parser has just refused (it may not have been given it)."""
        return next((each for each in reversed(self._recent) if each is not token), None)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens that the parser sees."""
        self.open = []
        self._recent = []
        previous = "SEMICOLON"
        for token in stream:
            kind = token.type
            self.count += 1
            if self.count > self.limits.tokens:
                raise LimitReached(token, "tokens")
            if kind in ENDS:
                if previous in ENDS or previous == "LBRACE" or (self.open and self.open[-1].type != "LBRACE"):
                    continue
            elif kind in OPENING:
                self.open.append(token)
                if len(self.open) > self.limits.nesting:
                    raise LimitReached(token, "nesting")
            elif kind in CLOSING and self.open and OPENING[self.open[-1].type] == kind:
                self.open.pop()
            previous = kind
            self._recent = [*self._recent[-1:], token]
            yield token
