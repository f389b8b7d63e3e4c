"""The mistakes and doubts of a text, each at a place of it."""

from __future__ import annotations

from typing import Literal

from nnspec.diagnostics import Label, Span
from nnspec.diagnostics.diagnostic import Found
from nnspec.diagnostics.reports import full_text
from nnspec.record import Record
from nnspec.service.document import Document
from nnspec.syntax import tree as t

_CALLS = 5  # of a chain of calls, the innermost are told


class Remark(Record):
    """A mistake or doubt, and where an editor shows it."""

    start: int
    end: int
    code: str
    severity: Literal["error", "warning"]
    text: str
    related: tuple[Label, ...]
    unused: bool  # about what may be left out
    found: Found


def remarks(document: Document) -> list[Remark]:
    """All that is wrong or doubtful; what is wrong in another file stands where this one leads to it."""
    return [_remark(document, found) for found in document.found]


def _remark(document: Document, found: Found) -> Remark:
    diagnostic = found.diagnostic
    start, end = _place(document, found)
    calls = tuple(Label(link.span, f"in the call of {link.name}") for link in found.chain[:_CALLS])
    text = full_text(diagnostic)
    span = diagnostic.span
    here = span is None or span.source.name == document.source.name
    related = (*diagnostic.labels, *calls)
    if not here and span is not None:
        text = f"{span}: {text}"
        related = (Label(span, diagnostic.label or diagnostic.message), *related)
    unused = type(diagnostic).__name__ == "UnusedValue"
    return Remark(start, end, diagnostic.code, diagnostic.severity, text, related, unused, found)


def _place(document: Document, found: Found) -> tuple[int, int]:
    name, span = document.source.name, found.diagnostic.span
    for each in (span, *(link.span for link in found.chain)):
        if each is not None and each.source.name == name:
            return each.start, min(max(each.end, each.start + 1), max(len(document.text), each.start))
    if span is not None:
        return _import(document, span)
    return 0, 0


def _import(document: Document, span: Span) -> tuple[int, int]:
    """The path of the import that leads to another file; the first one where it does so through others."""
    paths = [each.path for each in document.tree.declarations if isinstance(each, t.Import)]
    for path in paths:
        if "".join(str(part) for part in path.parts).endswith(span.source.name):
            return path.start, path.end
    return (paths[0].start, paths[0].end) if paths else (0, 0)
