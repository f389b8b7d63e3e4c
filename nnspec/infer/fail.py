"""The mistake of a file that cannot be an input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import UnreadableInput
from nnspec.reading.unreadable import Unreadable


def refuse(path: Path, reason: str, advice: str | None = None) -> NoReturn:
    """The file at this path cannot be read, for this reason."""
    raise SpecError.of(UnreadableInput(None, str(path), reason, advice)) from None


@contextmanager
def read_from(path: Path) -> Iterator[None]:
    """Turn a failure to read within the block into a mistake of the input.

    Raises:
        SpecError: something cannot.
    """
    try:
        yield
    except Unreadable as error:
        refuse(path, error.reason, error.advice)
