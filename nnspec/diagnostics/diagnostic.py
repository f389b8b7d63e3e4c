"""One mistake: a code, what is wrong, where, what else matters, and the way out.

A kind of mistake is a subclass with a `code` and a docstring, which is the page that `nnspec explain CODE` shows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from nnspec.diagnostics.source import Span
from nnspec.record import Record


class Label(Record):
    """A span and what is to be said of it."""

    span: Span
    text: str


class Origin(Record):
    """A link of the call chain: the block called `name`, as written at `span`."""

    name: str
    label: str
    span: Span


class Diagnostic(Record):
    """The base of all mistakes; subclasses add their fields and override the texts."""

    code: ClassVar[str] = ""
    severity: ClassVar[Literal["error", "warning"]] = "error"
    span: Span | None

    @property
    def message(self) -> str:
        """The mistake in one line."""
        raise NotImplementedError(type(self).__name__)

    @property
    def label(self) -> str:
        """The text beside the caret."""
        return ""

    @property
    def labels(self) -> tuple[Label, ...]:
        """The other places that matter."""
        return ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Facts that help to understand."""
        return ()

    @property
    def help(self) -> str | None:
        """The way out: the field `advice`, where a kind of mistake has one."""
        advice: str | None = getattr(self, "advice", None)
        return advice

    def __repr__(self) -> str:
        return f"<{self.severity}[{self.code}]: {self.message}>"

    def to_json(self, chain: tuple[Origin, ...] = ()) -> dict[str, Any]:
        """The diagnostic as plain data; offsets count characters from 0, lines and columns from 1."""
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "label": self.label,
            "place": _place(self.span),
            "related": [{"label": label.text, "place": _place(label.span)} for label in self.labels],
            "notes": list(self.notes),
            "help": self.help,
            "calls": [{"name": link.name, "label": link.label, "place": _place(link.span)} for link in chain],
        }


def _place(span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    line, column, end_line, end_column = span.lines
    return {
        "file": span.source.name,
        "start": span.start,
        "end": span.end,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


class Found(Record):
    """A diagnostic with the chain of block calls under which it was found, innermost first."""

    diagnostic: Diagnostic
    chain: tuple[Origin, ...] = ()

    def __repr__(self) -> str:
        return repr(self.diagnostic)


MOST = 50  # mistakes in one run: who has more mends these first


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` was most likely meant to be, or None if none is close."""
    from difflib import get_close_matches

    pool = list(dict.fromkeys(candidates))
    if name in pool:
        return name
    pool.sort(key=lambda other: other[:1].isupper() == name[:1].isupper())  # those that begin alike win
    folded = {candidate.lower(): candidate for candidate in pool}
    if name.lower() in folded:
        return folded[name.lower()]
    if len(name) > 64:
        return None
    cutoff = 0.8 if len(name) < 5 else 0.66  # of a short word, a letter is a large part
    close = get_close_matches(name, pool, n=1, cutoff=cutoff) or get_close_matches(
        name.lower(), folded, n=1, cutoff=cutoff
    )
    return folded.get(close[0], close[0]) if close else None
