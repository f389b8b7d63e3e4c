"""The lexer: one regular expression for all tokens, and the parser's state to decide what a word is.

`x` is the sign of a repetition after a number and a name elsewhere; `layer1.0.1` is a path and `0.1` a number. Lark's
own contextual lexer decides the same by an expression for every state of the parser, and compiling those takes a
tenth of the time of `nnspec summary`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from lark import Token
from lark.common import LexerConf
from lark.lexer import BasicLexer, Lexer, LexerState


class OneScanLexer(Lexer):
    """Stands in for Lark's ContextualLexer, and is made as that is."""

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        self.scan = BasicLexer(conf)
        self.accepted = {state: frozenset(accepts) | frozenset(always_accept) for state, accepts in states.items()}

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        """The tokens of a text, each as the parser can take it, where it can."""
        while True:
            try:
                token = self.scan.next_token(lexer_state, parser_state)
            except EOFError:
                return
            accepted = self.accepted[parser_state.position]
            yield token if token.type in accepted else _as_accepted(token, accepted, lexer_state)

    def __deepcopy__(self, memo: Any) -> OneScanLexer:
        return self


def _as_accepted(token: Token, accepted: Collection[str], state: LexerState) -> Token:
    """A keyword as a name, and the first number of `0.1` as an index, where those can stand; else the token itself."""
    if "NAME" in accepted and token.isidentifier():
        return Token.new_borrow_pos("NAME", str(token), token)
    digits, dot, _ = token.partition(".")
    if token.type == "FLOAT" and dot and "INTEGER" in accepted:
        back = len(token) - len(digits)  # what stands behind is read again
        state.line_ctr.char_pos -= back
        state.line_ctr.column -= back
        index = Token.new_borrow_pos("INTEGER", digits, token)
        index.end_pos, index.end_column = state.line_ctr.char_pos, state.line_ctr.column
        state.last_token = index
        return index
    return token
