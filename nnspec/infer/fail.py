"""How a reader says that a file cannot be an input."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import UnreadableInput


def refuse(path: Path, reason: str | Exception) -> NoReturn:
    """The file at this path cannot be read, for this reason: a text, or the first line of an exception's."""
    text = str(reason).strip() or type(reason).__name__
    raise SpecError.of(UnreadableInput(None, str(path), text.splitlines()[0])) from None
