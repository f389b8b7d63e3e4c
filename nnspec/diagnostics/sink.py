"""Where the stages report what they find, and the error that carries it to the caller."""

from __future__ import annotations

from collections.abc import Iterable

from nnspec.diagnostics.diagnostic import MOST, Diagnostic, Found, Origin
from nnspec.diagnostics.render import painted, render
from nnspec.diagnostics.source import Span


class Sink:
    """Collects what the stages find, each mistake once; a stage stops when it is full."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self._seen: set[tuple[type, Span | None, str]] = set()

    def add(self, diagnostic: Diagnostic, chain: Iterable[Origin] = ()) -> None:
        """Report a mistake; the same one at the same place is kept once."""
        key = (type(diagnostic), diagnostic.span, diagnostic.message)
        if key not in self._seen:
            self._seen.add(key)
            self.found.append(Found(diagnostic, tuple(chain)))

    @property
    def errors(self) -> list[Found]:
        """The mistakes found that are errors, not warnings."""
        return [found for found in self.found if found.diagnostic.severity == "error"]

    @property
    def full(self) -> bool:
        """Whether enough was found."""
        return len(self.found) >= MOST

    def raise_errors(self) -> None:
        """Raise a `SpecError` if there is an error."""
        if self.errors:
            raise SpecError(self.found)


class SpecError(Exception):
    """A spec (or what it is used with) has mistakes; `found` holds them, and `str()` shows them."""

    def __init__(self, found: Iterable[Found]) -> None:
        self.found = list(found)
        super().__init__(self.found)

    @classmethod
    def of(cls, diagnostic: Diagnostic, chain: Iterable[Origin] = ()) -> SpecError:
        """The error for a single mistake."""
        return cls([Found(diagnostic, tuple(chain))])

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The mistakes, in the order in which they were found."""
        return [found.diagnostic for found in self.found]

    def __str__(self) -> str:
        return "\n" + render(self.found)

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows instead of a traceback: the mistakes, with the words underlined."""
        return painted(render(self.found)).splitlines()
