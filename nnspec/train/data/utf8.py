"""Files of text."""

from __future__ import annotations

from pathlib import Path

from nnspec.diagnostics import Span
from nnspec.train.data.fail import RELATIVE, need_room, refuse


def read_utf8(path: Path, span: Span | None, room: int = 1) -> str:
    """The text of a file; what is made of it takes `room` bytes for each of the file's.

    Raises:
        SpecError: there is no such file, it is too large, or it is not in UTF-8.
    """
    try:
        need_room(path, room * path.stat().st_size, span)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        refuse(path, "there is no such file", RELATIVE, span)
    except (OSError, UnicodeDecodeError) as error:
        refuse(path, f"it cannot be read ({error})", "save it as UTF-8", span)
