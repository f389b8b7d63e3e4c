"""Data for language models: the characters of a text in windows."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import RELATIVE, need_room, refuse

PRINTABLE = "\n" + "".join(chr(code) for code in range(32, 127))  # 96 characters


def read_text(path: Path | None, length: int, span: Span | None) -> DataSet:
    """`tokens` and `next`, both [windows, length]; the classes are the characters, sorted.

    Raises:
        SpecError: the file cannot be read or is shorter than two windows.
    """
    text, name = (_topics(span), "text") if path is None else (_content(path, span), path.name)
    alphabet = PRINTABLE if path is None else "".join(sorted(set(text)))
    index = {character: number for number, character in enumerate(alphabet)}
    windows = (len(text) - 1) // length
    if windows < 2:
        shown = f"it has {len(text):,} characters, fewer than two windows of {length:,}"
        refuse(name, shown, "take a longer text, or write a shorter length", span)
    codes = torch.tensor([index[character] for character in text[: windows * length + 1]])
    fields = {"tokens": codes[:-1].view(windows, length), "next": codes[1:].view(windows, length)}
    return DataSet(name, fields, tuple(alphabet), in_order=True)


def _content(path: Path, span: Span | None) -> str:
    try:
        need_room(path, 64 * path.stat().st_size, span)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        refuse(path, "there is no such file", RELATIVE, span)
    except (OSError, UnicodeDecodeError) as error:
        refuse(path, f"it cannot be read ({error})", "save it as UTF-8", span)


def _topics(span: Span | None) -> str:
    """The language reference of the Python that runs, in characters that every version has."""
    if find_spec("pydoc_data") is None:
        refuse("text", "this Python comes without its language reference", 'name a file: text("book.txt")', span)
    from pydoc_data.topics import topics  # a text of half a megabyte, for this data set only

    return "".join(filter(set(PRINTABLE).__contains__, "\n".join(topics[name] for name in sorted(topics))))
