"""The mistake of a data set that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from nnspec.diagnostics import Span, SpecError, nearest
from nnspec.reading.room import check_room
from nnspec.reading.texts import read_text
from nnspec.reading.unreadable import MISSING, Unreadable
from nnspec.train.mistakes import BadData

RELATIVE = "a path starts from the folder of the spec"


def refuse(path: Path | str, reason: str, advice: str, span: Span | None) -> NoReturn:
    """The data at this path is no data set, for this reason."""
    raise SpecError.of(BadData(span, str(path), reason, advice))


@contextmanager
def read_from(path: Path | str, span: Span | None) -> Iterator[None]:
    """Turn a failure to read within the block into a mistake of the recipe.

    Raises:
        SpecError: something cannot.
    """
    try:
        yield
    except Unreadable as error:
        raise SpecError.of(
            BadData(span, str(path), error.reason, RELATIVE if error.reason == MISSING else error.advice)
        ) from None


def need_room(path: Path | str, size: int, span: Span | None, packed: int | None = None) -> None:
    """Check that a number of bytes is no more than a data set may take, and an honest archive holds.

    Raises:
        SpecError: they are.
    """
    with read_from(path, span):
        check_room(size, packed)


def text_of(path: Path, span: Span | None, room: int) -> str:
    """The text of a file; what is made of it takes `room` bytes for each of the file's.

    Raises:
        SpecError: there is no such file, it is too large, or it is no text.
    """
    with read_from(path, span):
        return read_text(path, room)


def instead(name: str, known: Iterable[str]) -> str:
    """The way out for a name that is not known."""
    close = nearest(name, known)
    return f"did you mean {close}?" if close else f"it has {', '.join(known)}"
