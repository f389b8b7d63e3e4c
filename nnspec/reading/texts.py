"""Texts from files: UTF-8, or UTF-16 with a byte-order mark, which is never a part of the text."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nnspec.reading.room import check_room
from nnspec.reading.unreadable import Unreadable, opening

MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


def read_text(path: Path, room: int = 1) -> str:
    """The text of a file, with a line feed at the end of each line; what is made of it takes `room` bytes a byte.

    Raises:
        Unreadable: there is no such file, it is too large, or it is no text.
    """
    with opening(path):
        check_room(room * path.stat().st_size)
        content = path.read_bytes()
    return decoded(content).replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def opened_text(path: Path) -> Iterator[IO[str]]:
    """A text that is read some lines at a time, with a line feed at the end of each.

    Raises:
        Unreadable: there is no such file, or it is no text.
    """
    with opening(path), path.open("rb") as raw:
        head = raw.read(4)
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), "utf-8-sig")
    with opening(path), path.open(encoding=encoding) as file:
        try:
            yield file
        except UnicodeDecodeError as error:
            raise Unreadable(f"it is no text in UTF-8 ({error.reason})", "save it as UTF-8") from None


def decoded(content: bytes) -> str:
    """Bytes as text, without the mark that they may begin with.

    Raises:
        Unreadable: they are none.
    """
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8-sig")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"it is no text in UTF-8: byte {error.start:,}, in line {line:,}"
        raise Unreadable(reason, "save it as UTF-8") from None


def lines_of(text: str) -> list[str]:
    """The lines of a text; nothing but a line break ends one."""
    return text.removesuffix("\n").split("\n")
