"""How a reader says that a data set cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from nnspec.diagnostics import Span, SpecError, nearest
from nnspec.train.data.dataset import BYTES
from nnspec.train.mistakes import BadData

RELATIVE = "a path starts from the folder of the spec"


def refuse(path: Path | str, reason: str, advice: str, span: Span | None) -> NoReturn:
    """The data at this path is no data set, for this reason."""
    raise SpecError.of(BadData(span, str(path), reason, advice))


def need_room(path: Path | str, size: int, span: Span | None) -> None:
    """Check that so many bytes are no more than a data set may take.

    Raises:
        SpecError: they are.
    """
    if size > BYTES:
        refuse(path, f"it takes {size:,} bytes", f"a data set may take {BYTES:,}; make it smaller", span)


def instead(name: str, known: Iterable[str]) -> str:
    """What to write instead of a name that is not known."""
    close = nearest(name, known)
    return f"did you mean {close}?" if close else f"it has {', '.join(known)}"
