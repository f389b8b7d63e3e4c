"""The picture and the canonical form of a text, as an editor shows them beside it."""

from __future__ import annotations

from pathlib import Path

from nnspec.formatting import format_text
from nnspec.model import Model
from nnspec.record import Record
from nnspec.service.answers import Edit, Refused
from nnspec.service.document import Document
from nnspec.syntax import tree as t


def formatted(document: Document) -> list[Edit]:
    """The edits that bring a text into the canonical form: none where it has it, or cannot be read."""
    if not document.whole or not document.text.strip():
        return []
    return _changes(document.text, format_text(document.text))


def _changes(before: str, after: str) -> list[Edit]:
    """The one edit between what both texts begin and end with."""
    if before == after:
        return []
    first, most = 0, min(len(before), len(after))
    while first < most and before[first] == after[first]:
        first += 1
    last = 0
    while last < most - first and before[-1 - last] == after[-1 - last]:
        last += 1
    return [Edit(first, len(before) - last, after[first : len(after) - last])]


class Page(Record):
    """The page of a model, the models of the text by their places, and the files that places of the page are in."""

    html: str
    model: str
    models: tuple[tuple[str, int, int], ...]
    files: dict[str, Path | None]  # by the names that the page has for them; None for the text itself


def page(document: Document, offset: int = 0, model: str | None = None) -> Page:
    """The page of a model by name, or of the one that stands at an offset, or of the first one.

    Raises:
        Refused: there is no model that is sound.
    """
    shown = _shown(document, offset, model)
    files: dict[str, Path | None] = {**document.readable.paths, document.source.name: None}
    declared = [each for each in document.tree.declarations if isinstance(each, t.Model)]
    places = tuple([(each.name.text, each.start, each.end) for each in declared])
    return Page(shown.draw().html(), shown.name, places, files)


def picture(document: Document, offset: int = 0, model: str | None = None) -> str:
    """The picture of a model, chosen as for its page, as SVG.

    Raises:
        Refused: there is no model that is sound.
    """
    return _shown(document, offset, model).draw().svg()


def _shown(document: Document, offset: int, model: str | None) -> Model:
    declared = [each for each in document.tree.declarations if isinstance(each, t.Model)]
    here = next((each.name.text for each in declared if each.start <= offset < each.end), None)
    first = None
    for each in document.models:
        first = first or each
        if each.name == (model or here):
            return each
        if model is None and here is None:
            break
    if first is None or model is not None:
        raise Refused(f"there is no model {model} that is sound" if model else "there is no model that is sound")
    return first
