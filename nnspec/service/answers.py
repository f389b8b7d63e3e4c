"""The answers of the service as plain records; offsets count characters of the text from 0."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nnspec.record import Record


class Edit(Record):
    """Characters of a file, and what takes their place."""

    start: int
    end: int
    text: str
    path: Path | None = None  # of another file; None for the one that was asked about


class Target(Record):
    """A place in a file."""

    start: int
    end: int
    text: str  # of the whole file
    path: Path | None


class Inlay(Record):
    """A remark behind an offset of the text."""

    offset: int
    text: str
    more: str = ""  # what a tooltip says


class Hover(Record):
    """Markdown about a piece of the text."""

    start: int
    end: int
    text: str


class Symbol(Record):
    """A declaration, step or key of the text, with those inside it."""

    name: str
    kind: str  # model, block, train, phase, input, output, value, layer, key
    detail: str
    start: int
    end: int
    name_start: int
    name_end: int
    children: tuple[Symbol, ...] = ()


class Fold(Record):
    """From the end of a line to the end of another one, which an editor may hide."""

    start: int
    end: int
    kind: str  # region, comment, imports


class Completion(Record):
    """A word that could stand at the cursor."""

    label: str
    kind: str  # layer, block, model, function, value, argument, key, word, keyword, file
    insert: str
    detail: str = ""
    documentation: str = ""
    start: int = 0  # the characters that it replaces
    end: int = 0
    edits: tuple[Edit, ...] = ()  # what it needs elsewhere, such as an import


class Fix(Record):
    """A way out of a mistake."""

    title: str
    edits: tuple[Edit, ...]


class Refused(Exception):
    """The answer cannot be given; the message says why."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits of it made."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
