"""The pieces of a text as a reader sees them, keywords, layers, labels and more: for colours on terminals and pages.

Nothing is parsed, so that a text with mistakes has its colours too; a word is judged by what stands around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, cast

import click

from nnspec.diagnostics.render import printable
from nnspec.syntax import tables

Kind = Literal[
    "space", "comment", "string", "escape", "interpolation", "number", "keyword", "constant", "word_operator",
    "definition", "layer", "label", "type", "size", "argument", "name", "operator", "punctuation", "error",
]  # fmt: skip


class Piece(NamedTuple):
    """A part of a text, and its kind."""

    kind: Kind
    text: str


def _words(terminal: str) -> set[str]:
    """The words of a terminal of the grammar: `import`, or `(each|carry)\\b...`; but `x`, which is a name, too."""
    words = re.match(r"\(?([a-z|]{2,})(\)\\b|$)", terminal)
    return set(words[1].split("|")) if words else set()


_TERMINALS = {each["name"]: each["pattern"]["value"] for each in tables.MEMO.values() if "pattern" in each}
KEYWORDS = frozenset[str]().union(*map(_words, _TERMINALS.values()))
_CONSTANTS = frozenset(_words(_TERMINALS["CONSTANT"]))
_WORD_OPERATORS = frozenset({"and", "or", "not"})
_NAMING = frozenset({"import", "as", "input", "output", "for", "phase", "train", "scan"})  # a name stands behind them
_WITH_BODY = frozenset({"else", "train", "training", "residual", "skip", "concat", "add", "multiply"})

_PIECE = re.compile(
    rf"""(?P<space>[ \t\r\n]+) | (?P<comment>\#[^\n]*) | (?P<string>{_TERMINALS["STRING"]})
    | (?P<word>{_TERMINALS["NAME"]}) | (?P<number>{_TERMINALS["FLOAT"]}|{_TERMINALS["INTEGER"]})
    | (?P<operator>->|\*\*|//|\.\.\.?|[=!<>]=|[-+*/%@=<>?]) | (?P<punctuation>[()\[\]{{}},;:.]) | (?P<error>.)""",
    re.VERBOSE,
)
_IN_STRING = re.compile(r"(?P<escape>\\.)|(?P<interpolation>\{[^{}]*\})|(?:[^\\{]|\{(?![^{}]*\}))+")
_PATH = re.compile(r"\w+(?:\.\w+)*(?=[ \t]*:)", re.ASCII)  # `layer1.0.conv1:`
_PART = re.compile(r"\w+", re.ASCII)
_COLON = re.compile(r"[ \t]*:")
_EQUAL = re.compile(r"\s*=(?!=)")
_BODY = re.compile(r"[ \t]*\{")
_OPENS = re.compile(r"\[")
_NO_KEYWORD = re.compile(r"[ \t]*(?:=(?!=)|[,)\].;}\n]|->|[-+*/%<>]|==|!=|$)")  # stands behind names only
_REPEATED = re.compile(r'\s+[A-Za-z_("{]')
_CLOSING = {")": "(", "]": "[", "}": "{"}


def pieces(text: str) -> Iterator[Piece]:
    """All of a text, piece by piece; what the language does not know is an error."""
    brackets: list[str] = []  # those that are open; "shape" for the one of a shape
    seen = [Piece("space", "")] * 3  # the last ones that are neither space nor comment
    place = 0
    while place < len(text):
        inner = brackets[-1] if brackets else ""
        match, kind = _next(text, place, inner, seen)
        place = match.end()
        if kind in ("string", "label") and match[0].startswith('"'):
            yield from _string(kind, match[0])
        else:
            yield Piece(kind, match[0])
        if match[0] in ("(", "[", "{"):
            brackets.append("shape" if match[0] == "[" and seen[-1].kind == "type" else match[0])
        elif match[0] in _CLOSING and inner in (_CLOSING[match[0]], "shape"):
            brackets.pop()
        if kind not in ("space", "comment"):
            seen = [*seen[1:], Piece(kind, match[0])]


def _next(text: str, place: int, inner: str, seen: list[Piece]) -> tuple[re.Match[str], Kind]:
    """The piece that begins here."""
    declares = seen[-1] in (Piece("keyword", "block"), Piece("keyword", "model"))
    labels = inner not in ("[", "shape") and not declares and seen[-1].text != "."
    if labels and (path := _PATH.match(text, place)):
        return path, "label"
    if seen[-1].text == "." and (part := _PART.match(text, place)):
        return part, "name"
    match = _PIECE.match(text, place)
    assert match is not None, "the last alternative takes any character"
    if match["word"]:
        return match, "definition" if declares else _word(match[0], text, match.end(), inner, seen)
    if match["string"] and labels and _COLON.match(text, match.end()):
        return match, "label"
    return match, cast(Kind, match.lastgroup)


def _word(word: str, text: str, end: int, inner: str, seen: list[Piece]) -> Kind:
    """The kind of a word, by what stands before and behind it."""
    before = seen[-1]
    if word in KEYWORDS and not _is_name(word, text, end, inner, before):
        return "constant" if word in _CONSTANTS else "word_operator" if word in _WORD_OPERATORS else "keyword"
    if word == "x" and _ends_operand(before) and _REPEATED.match(text, end):
        return "word_operator"
    if [seen[0].text, seen[1].kind, before.text] == ["input", "label", ":"] and _OPENS.match(text, end):
        return "type"
    if inner == "shape":
        return "size"
    if inner == "(" and before.text in ("(", ",") and _EQUAL.match(text, end):
        return "argument"
    return "layer" if word[0].isupper() and len(word) > 1 else "name"


def _is_name(word: str, text: str, end: int, inner: str, before: Piece) -> bool:
    """Whether a word of the grammar is a name here."""
    if (before.kind == "keyword" and before.text in _NAMING) or (not inner and before.text in (":", ",")):
        return True
    if word in _CONSTANTS:
        return _EQUAL.match(text, end) is not None
    if word == "backward":
        return not _ends_operand(before)
    if _BODY.match(text, end) and (word not in _WITH_BODY or (word == "skip" and before.text != "}")):
        return True
    return _NO_KEYWORD.match(text, end) is not None


def _ends_operand(piece: Piece) -> bool:
    return piece.kind in ("number", "name", "size", "layer") or piece.text in (")", "]")


def _string(kind: Kind, text: str) -> Iterator[Piece]:
    """A string in pieces: what is put into it is none of its text."""
    for match in _IN_STRING.finditer(text):
        inside: Kind = "escape" if match["escape"] else "interpolation" if match["interpolation"] else kind
        yield Piece(inside, match[0])


_LOOKS: dict[Kind, dict[str, object]] = {
    "comment": {"fg": "bright_black"},
    "string": {"fg": "green"},
    "escape": {"fg": "green", "bold": True},
    "interpolation": {"fg": "green", "bold": True},
    "number": {"fg": "yellow"},
    "constant": {"fg": "yellow"},
    "keyword": {"fg": "magenta", "bold": True},
    "word_operator": {"fg": "magenta", "bold": True},
    "definition": {"fg": "cyan", "bold": True},
    "layer": {"fg": "cyan"},
    "label": {"fg": "blue"},
    "type": {"fg": "cyan"},
    "size": {"fg": "yellow"},
}


def highlight(text: str, *, colours: bool) -> str:
    """The text, safe to print: with colours, and control characters replaced."""
    shown = "\n".join(map(printable, text.splitlines()))
    return "".join(map(_coloured, pieces(shown))) if colours else shown


def _coloured(piece: Piece) -> str:
    look = _LOOKS.get(piece.kind)
    return click.style(piece.text, **look) if look else piece.text  # type: ignore[arg-type]
