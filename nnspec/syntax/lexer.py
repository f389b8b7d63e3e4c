"""The lexer: one regular expression for all tokens, and the parser's state to decide what a word is.

`x` is the sign of a repetition after a number and a name elsewhere; `layer1.0.1` is a path and `0.1` a number;
`output.dense: Linear(2)` begins with a label. Lark's own contextual lexer decides the same by an expression for every
state of the parser, and compiling those takes a tenth of the time of `nnspec summary`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from lark import Token
from lark.common import LexerConf
from lark.lexer import BasicLexer, Lexer, LexerState

_WORDS = {"MERGE", "CONSTANT"}  # of several words each


class OneScanLexer(Lexer):
    """Stands in for Lark's ContextualLexer, and is made as that is."""

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        self.scan = BasicLexer(conf)
        self.words = frozenset(each.name for each in conf.terminals if each.pattern.value.isidentifier()) | _WORDS
        self.accepted = {state: frozenset(accepts) | frozenset(always_accept) for state, accepts in states.items()}

    def lex(self, lexer_state: LexerState, parser_state: Any) -> Iterator[Token]:
        """The tokens of a text, each as the parser can take it, where it can."""
        while True:
            try:
                token = self.scan.next_token(lexer_state, parser_state)
            except EOFError:
                return
            accepted = self.accepted[parser_state.position]
            kind = token.type
            if kind not in accepted or kind in self.words or (kind == "INTEGER" and "FLOAT" not in accepted):
                token = _in_place(token, accepted, lexer_state)
            yield token

    def __deepcopy__(self, memo: Any) -> OneScanLexer:
        return self


def _in_place(token: Token, accepted: Collection[str], state: LexerState) -> Token:
    """A token as the parser can take it, where it can.

    Behind a dot, letters and digits are one part of a path: the 0 of `0.1`, and all of `3x3`. A keyword is a name where
    the keyword cannot stand, or where it begins a label.
    """
    if "NAME" not in accepted:
        return token
    text = state.text.text
    if token.type in ("INTEGER", "FLOAT") and "INTEGER" in accepted and "FLOAT" not in accepted:
        part = re.match(r"(?a:\w+)", text[token.start_pos : (token.start_pos or 0) + 100])
        return token if part is None else _only(part[0], token, state)
    if token.isidentifier() and (token.type not in accepted or _begins_label(token, accepted, text)):
        return Token.new_borrow_pos("NAME", str(token), token)
    return token


def _begins_label(token: Token, accepted: Collection[str], text: str) -> bool:
    """Whether a keyword is the first word of a label; `none` before a colon may be the start of a slice."""
    end = token.end_pos or 0
    behind = text[end : end + 20].lstrip(" \t")
    if behind.startswith("."):
        return re.compile(r"\s*(\.[ \t]*\w+[ \t]*)+:").match(text, end) is not None
    return behind.startswith(":") and not (token.type == "CONSTANT" and "COLON" in accepted)


def _only(part: str, token: Token, state: LexerState) -> Token:
    """The beginning of a token as a part of a path; what stands behind it is read again."""
    made = Token.new_borrow_pos("INTEGER" if part.isdecimal() else "NAME", part, token)
    further = len(part) - len(token)
    state.line_ctr.char_pos += further
    state.line_ctr.column += further
    made.end_pos, made.end_column = state.line_ctr.char_pos, state.line_ctr.column
    state.last_token = made
    return made
