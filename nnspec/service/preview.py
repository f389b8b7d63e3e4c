"""The picture and the canonical form of a text, as an editor shows them beside it."""

from __future__ import annotations

from nnspec.formatting import format_text
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


def picture(document: Document, offset: int = 0, model: str | None = None) -> str:
    """The picture, as SVG, of a model by name, or of the one that stands at an offset, or of the first one.

    Raises:
        Refused: there is no model that is sound.
    """
    declared = [each for each in document.tree.declarations if isinstance(each, t.Model)]
    here = next((each.name.text for each in declared if each.start <= offset < each.end), None)
    first = None
    for each in document.models:
        first = first or each
        if each.name == (model or here):
            return each.draw().svg()
        if model is None and here is None:
            break
    if first is None or model is not None:
        raise Refused(f"there is no model {model} that is sound" if model else "there is no model that is sound")
    return first.draw().svg()
