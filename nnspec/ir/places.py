"""The places of a program in the texts that it was made of."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.diagnostics import Source, Span
from nnspec.ir.program import Place


def span_of(place: Place | None, sources: Mapping[str, Source]) -> Span | None:
    """The span of a place; None where there is none, or its text is not at hand."""
    source = sources.get(place.file) if place else None
    return Span(source, place.start, place.end) if source and place else None
