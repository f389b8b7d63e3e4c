"""From Lark's complaint about a token to words for a person: what stands there, what could, what to write.

The one thing to know: the token that Lark stops at is often not the mistake but the first thing after it, so the
token before it and the brackets that are open are looked at too.
"""

from __future__ import annotations

import re

from lark import Token
from lark.exceptions import UnexpectedToken

from nnspec.diagnostics import Diagnostic, Label, Source, Span, nearest
from nnspec.syntax.layout import CLOSING, OPENING, Layout
from nnspec.syntax.mistakes import OldLet, UnexpectedEnd, UnexpectedText

# What people call the tokens of the grammar; keywords are called by themselves.
_WORDS = {
    "NAME": "a name", "INTEGER": "a number", "FLOAT": "a number", "STRING": "a string", "CONSTANT": "a value",
    "_NEWLINE": "the end of the line", "SEMICOLON": "the end of the line", "$END": "the end of the file",
    "SIGN": "`+` or `-`", "SCALE": "`*` or `/`", "COMPARE": "a comparison", "ELLIPSIS": "`...`", "MERGE": "`concat {`",
    "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`", "COMMA": "`,`",
    "COLON": "`:`", "EQUAL": "`=`", "DOT": "`.`", "OPTIONAL": "`?`", "ARROW": "`->`", "RANGE": "`..`", "POWER": "`**`",
    "ROLE": "`each`",
}  # fmt: skip
_OPERAND = {"NAME", "INTEGER", "FLOAT", "STRING", "CONSTANT", "LPAR", "LSQB"}
_STEP = _OPERAND | {"LBRACE", "RESIDUAL", "MERGE"}
_STATEMENT = {"INPUT", "OUTPUT", "REQUIRE", "IF", "FOR", "TRAINING", "PHASE"}
_DECLARATION = {"BLOCK", "MODEL", "IMPORT", "TRAIN"}
_RESERVED = _STATEMENT | {"MERGE", "RESIDUAL", "CONSTANT", "AND", "OR", "NOT", "SCAN", "RENAME", "ORDER"}
# What could stand there as well, and is not what a person forgot.
_MINOR = {"SIGN", "SCALE", "COMPARE", "OR", "AND", "NOT", "X", "DOT", "LSQB", "LPAR", "POWER", "RANGE", "COLON",
          "IF", "SCAN", "RENAME", "ORDER", "ROLE", "ALONG", "BACKWARD"}  # fmt: skip


def explain(problem: UnexpectedToken, source: Source, layout: Layout, end: int) -> tuple[Diagnostic, int]:
    """The diagnostic for an unexpected token, and the offset of the mistake."""
    token = problem.token
    kinds = set(problem.accepts or problem.expected)
    expected = _expected(kinds)
    opened = layout.open[-1] if layout.open else None
    if token.type == "$END":
        if opened is not None:
            return UnexpectedEnd(_span(source, opened), expected, str(opened)), end
        last = layout.before(token)
        span = _span(source, last) if last is not None else Span(source, max(0, end - 1), end)
        return UnexpectedEnd(span, expected), end
    at = token.start_pos or 0
    before = layout.before(token)
    if before == "let" and before.line == token.line and "EQUAL" in kinds:
        return OldLet(_span(source, before), _rest_of_line(source, at)), at
    foreign = _foreign(source, at)
    found = "the end of the line" if token.type == "_NEWLINE" else f"`{token}`"
    span = Span(source, at, at + 1) if token.type == "_NEWLINE" else _span(source, token)
    advice = foreign or _bare_conditional(token, source, kinds) or _advice(token, before, opened, kinds)
    if before is not None and before.type == "ARROW" and token.type in CLOSING | {"_NEWLINE", "SEMICOLON"}:
        span, found, expected = _span(source, before), "an arrow without a step behind it", ("a step after this",)
    labels: tuple[Label, ...] = ()
    if opened is not None and (token.type in CLOSING | _DECLARATION | {"EQUAL"} or _on_a_new_line(token, before)):
        closing = OPENING[opened.type]
        if token.type != closing and (token.type != "EQUAL" or opened.type != "LBRACE"):
            labels = (Label(_span(source, opened), f"this `{opened}` is not closed"),)
    return UnexpectedText(span, found, expected, advice, labels), at


# Lines of Python, by their first words.
_FOREIGN = {
    "return": "a body gives its last value, or what `output name` says",
    "def": "a part of a network is a block: block Name(width) { ... }",
    "class": "a part of a network is a block: block Name(width) { ... }",
    "elif": "write `else if` behind the closing brace",
    "while": "repeat a step: 3 x Block, or write for i in 1..3 { ... }",
    "lambda": "a part of a network is a block: block Name(width) { ... }",
    "from": 'imports are written before all else: import Name from "file.nn"',
    "model.add": "steps are written one a line, without `model.add`: Linear(10)",
}


def _foreign(source: Source, at: int) -> str | None:
    """The spelling for a line of Python that begins as this one does."""
    line = source.text[source.text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    first = line.replace("(", " ").split()
    return _FOREIGN.get(first[0]) if first else None


def _rest_of_line(source: Source, at: int) -> str:
    """The text from a place to the end of the statement or line, without a comment."""
    return re.split(r"[\n;#]", source.text[at:], maxsplit=1)[0].strip(" \t\r}")


def _bare_conditional(token: Token, source: Source, kinds: set[str]) -> str | None:
    """The way out for `x -> A if c else B`, of which nothing says how far its arms reach."""
    line = source.text[source.text.rfind("\n", 0, token.start_pos or 0) + 1 : token.start_pos]
    among_steps = (token.type == "IF" and "ARROW" in kinds) or (token.type == "ARROW" and " else " in line)
    return "a conditional among steps stands in parentheses: x -> (A if c else B) -> C" if among_steps else None


def _span(source: Source, token: Token) -> Span:
    start = token.start_pos or 0
    return Span(source, start, token.end_pos or start + 1)


def _expected(kinds: set[str]) -> tuple[str, ...]:
    """The tokens that could stand there, in few words."""
    shown = {kind for kind in kinds if kind not in _MINOR} or set(kinds)
    if _STEP <= kinds:
        shown = (shown - _STEP - {"NOT"}) | {"a step"}
    elif _OPERAND <= kinds:
        shown = (shown - _OPERAND - {"NOT"}) | {"a value"}
    if kinds >= _STATEMENT:
        shown = (shown - _STATEMENT - {"a step"}) | {"a statement"}
    if kinds >= _DECLARATION:
        shown = (shown - _DECLARATION - {"$END", "_NEWLINE", "SEMICOLON"}) | {"a declaration"}
    if shown & {"_NEWLINE", "SEMICOLON"} and "RBRACE" in shown and len(shown) > 3:
        shown -= {"RBRACE"}
    words = dict.fromkeys(_WORDS.get(kind, kind if " " in kind else f"`{kind.lower()}`") for kind in sorted(shown))
    return tuple(words)[:5]


def _advice(token: Token, before: Token | None, opened: Token | None, kinds: set[str]) -> str | None:
    """The way out; each rule is one common slip."""
    inside = opened.type if opened is not None else ""
    if before is not None and before.type == "ARROW" and "NAME" in kinds and token.type not in _RESERVED:
        return "write a step behind `->`, or begin the next line with `->`"
    if opened is None:
        return _advice_outside(token, before, kinds)
    if token.type in _DECLARATION and (token.column == 1 or "NAME" not in kinds):
        return f"close the `{opened}` before the next declaration"
    if token.type in CLOSING and token.type != OPENING[inside]:
        return f"close the `{opened}` first"
    if token.type in _RESERVED and "NAME" in kinds:
        return f"`{token}` is a word of the language: choose another name"
    if before is not None and before.type in _STATEMENT and "NAME" in kinds:
        return f"`{before}` begins a statement: to use it as a name, choose another word"
    if token.type == "EQUAL" and inside == "LBRACE":
        return "a label is written `name: step`, a number, list, layer or value `name = ...`"
    if token.type == "COLON":
        return "a label is a name, a dotted path or a string; an argument is written `name = value`"
    if token.type in _STEP | _STATEMENT:
        return _advice_between(token, before, opened)
    if inside in ("LPAR", "LSQB"):
        return f"close the `{opened}` first, or put a comma between two values"
    return None


def _advice_outside(token: Token, before: Token | None, kinds: set[str]) -> str | None:
    if token.type in _DECLARATION:
        return "begin each declaration on a line of its own"
    if token.type == "RBRACE":
        return "remove it: no `{` is open"
    if before is None or before.type in ("_NEWLINE", "SEMICOLON"):
        close = nearest(str(token), ["import", "block", "model", "train"])
        return f"did you mean `{close}`?" if close else "a file holds models and blocks: model Name { ... }"
    if before.type in ("MODEL", "BLOCK"):
        return f"write a name, such as `{before} Name`"
    if "LBRACE" in kinds:
        return "the body stands between braces: { ... }"
    return None


def _on_a_new_line(token: Token, before: Token | None) -> bool:
    """Whether a line ended before the token without ending a statement: a bracket was forgotten, most likely."""
    return before is not None and before.type not in ("_NEWLINE", "SEMICOLON", "LBRACE") and token.line != before.line


def _advice_between(token: Token, before: Token | None, opened: Token | None) -> str | None:
    if opened is not None and opened.type in ("LPAR", "LSQB"):
        between = "put a comma between two values"
        return f"close the `{opened}`, or {between}" if _on_a_new_line(token, before) else between
    if before is not None and before.type == "NAME":
        words = [*(kind.lower() for kind in _STATEMENT), "residual", "concat"]
        close = nearest(str(before), words)
        if close is not None:
            return f"did you mean `{close}`?"
    return "put `->` between two steps on one line, or `;` between two statements"
