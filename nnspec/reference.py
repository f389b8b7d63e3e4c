"""The reference of the language: a page for every construct and for every key of a recipe, as Markdown files.

The first line of a page are the words that it explains: `# concat, add, multiply`. Its examples are run by the tests.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nnspec.resources import folder

# How a person may ask for what a page calls otherwise.
_ALSO = {
    "=": ("binding",),
    "->": ("arrow",),
    "_": ("flow",),
    "x": ("repetition",),
    "{ }": ("{", "}", "group", ";"),
    "subscript": ("[", "]"),
    "shape": ("...",),
    "if": ("else",),
    "for": ("in", ".."),
    "model": ("variant",),
    "import": ("from", "as"),
    "scan": ("each", "carry", "along", "backward"),
    "phase": ("update", "steps"),
    "expressions": ("and", "or", "not"),
    "label": (":",),
    "block": ("?",),
    "results": (".",),
    "input": ("bool",),
    "strings": ("#", "comment", "documentation"),
}


@cache
def pages() -> dict[str, Path]:
    """The files of the reference, by every word that they explain; in their order."""
    found: dict[str, Path] = {}
    for path in sorted(folder("docs").glob("reference/*.md")) + sorted(folder("docs").glob("reference/keys/*.md")):
        words = heading(path)
        for word in words:
            for each in (word, *_ALSO.get(word, ())):
                found.setdefault(each, path)
    return found


def heading(path: Path) -> list[str]:
    """The words that a page explains."""
    with path.open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip().split(", ")


def page_of(word: str) -> str | None:
    """The page of a construct or key; None where there is none."""
    path = pages().get(word)
    return None if path is None else path.read_text(encoding="utf-8").rstrip()
