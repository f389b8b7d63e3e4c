"""Texts with random white space, line breaks and comments, in form: `python -m tests.fuzz.formats --seconds 60 --seed 7`.

Each is a network made at random, a recipe, or a spec that comes with nnspec. What `nnspec format` makes of it means the
same, has every comment, and is left as it is by a second formatting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import nnspec
from nnspec import SpecError
from nnspec.diagnostics import Sink, Source
from nnspec.formatting import format_text
from nnspec.formatting.lexemes import Lexeme, lexemes
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse
from tests.fuzz import models, recipes, run, shrink
from tests.fuzz.comparing import need
from tests.fuzz.machine import Machine

ROOT = Path(__file__).parent.parent.parent
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|(#[^\n]*)')
_WORDS = ("", " why", "!", " a -> b { (", '"', " #", "\t tab", " ->", "-" * 30, " é", "    far")
_GAPS = ("", " ", " ", "  ", "     ", "\t", " \t ")


class Formats(Machine[str]):
    """Valid texts in any form."""

    name = "formats"
    cases = "texts"
    seconds = 30.0

    def draw(self, random: Random) -> str:
        text = beginning(random)
        case = disturbed(text, random)
        assert tree(case) == tree(text), "white space and comments have a meaning"
        return case

    def smaller(self, case: str) -> Iterator[str]:
        yield from shrink.without_lines(case)
        yield from shrink.without_tokens(case)

    def examine(self, case: str) -> str:
        try:
            meaning = tree(case)
        except SpecError:
            return "unreadable"  # what is made smaller may be
        made = format_text(case)
        need(format_text(made) == made, "a second formatting changes it")
        need(tree(made) == meaning, "another tree")
        need(comments(made) == comments(case), "other comments")
        need(not re.search(r"[ \t]$", made, re.MULTILINE), "space at the end of a line")
        need(ir(made) == ir(case), "another IR")
        return "sound"


@cache
def _specs() -> tuple[str, ...]:
    paths = sorted([*(ROOT / "specs").rglob("*.nn"), *(ROOT / "examples").glob("*.nn")])
    return tuple(text for path in paths if len(text := path.read_text(encoding="utf-8")) < 6000)


def beginning(random: Random) -> str:
    """A valid text."""
    kind = random.random()
    if kind < 0.2:
        return random.choice(_specs())
    return recipes.text(recipes.Recipes().draw(random)) if kind < 0.3 else models.draw(random).text


def disturbed(text: str, random: Random) -> str:
    """The same text with other space between its pieces, line breaks where they mean nothing, and more comments."""
    made: list[str] = []
    before: Lexeme | None = None
    depth: list[str] = []
    for piece in lexemes(text):
        made.append(_gap(before, piece, depth, random))
        if piece.kind == "end" and random.random() < 0.15:
            commented = before is not None and before.kind == "comment"
            made.append(_comment(random) if not commented else " ")
        made.append(piece.text)
        if piece.kind == "end":
            made += [random.choice(_GAPS) + _comment(random) + "\n"] * (random.random() < 0.05)
            made += ["\n"] * (random.random() < 0.1)
        if piece.text in ("(", "[", "{"):
            depth.append(piece.text)
        elif piece.text in (")", "]", "}"):
            depth.pop()
        before = piece
    text = "".join(made)
    return text.replace("\n", "\r\n") if random.random() < 0.05 else text


def _gap(before: Lexeme | None, piece: Lexeme, depth: list[str], random: Random) -> str:
    """White space between two pieces, with a line break now and then where it means nothing."""
    if before is None or "comment" in (before.kind, piece.kind) or "end" in (before.kind, piece.kind):
        return random.choice(_GAPS)
    both = (before.text[-1] + piece.text[0]).replace("_", "a")
    if piece.spaces == 0 and ("." in (before.text, piece.text) or both.isalnum()):
        return ""  # a path, `3x3`
    inside = bool(depth) and depth[-1] != "{"
    if random.random() < 0.03 and (inside or piece.text == "->"):
        more = _comment(random) + "\n" if random.random() < 0.3 else ""
        return random.choice(_GAPS) + (more or "\n") + random.choice(_GAPS)
    return random.choice(_GAPS) or " " if both.isalnum() else random.choice(_GAPS)


def _comment(random: Random) -> str:
    return f"{random.choice(_GAPS)}#{random.choice(_WORDS)}{random.randint(0, 99)}{random.choice(_GAPS)}"


def comments(text: str) -> list[str]:
    """The comments of a text, whatever space is in them."""
    return ["".join(found[1].split()) for found in _COMMENT.finditer(text) if found[1]]


def tree(text: str) -> object:
    """What a text says, wherever it says so.

    Raises:
        SpecError: it cannot be read.
    """
    sink = Sink()
    file = parse(Source("t", text), sink)
    sink.raise_errors()
    return _without_places(file.declarations)


def _without_places(node: object) -> object:
    if isinstance(node, tuple):
        return tuple(map(_without_places, node))
    if isinstance(node, t.Node):
        names = [name for name in node.record_fields if name not in ("start", "end", "documentation")]
        return type(node).__name__, *(_without_places(getattr(node, name)) for name in names)
    return node


def ir(text: str) -> object:
    """The IR of the first model, wherever its text says so; None where the text is refused."""
    try:
        form = json.loads(nnspec.loads(text).to_json())
    except SpecError:
        return None
    return _placeless(form)


def _placeless(form: Any) -> Any:
    if isinstance(form, list):
        return [_placeless(each) for each in form]
    if isinstance(form, dict):
        return {key: _placeless(each) for key, each in form.items() if key != "place"}
    return form


if __name__ == "__main__":
    run.main(Formats())
