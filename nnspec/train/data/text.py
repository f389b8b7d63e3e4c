"""Data for language models: the characters of a text, or the tokens of a tokenizer, in windows."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import refuse, text_of
from nnspec.train.data.samples import Held
from nnspec.train.data.vocabulary import encoded, read_tokenizer

PRINTABLE = "\n" + "".join(chr(code) for code in range(32, 127))  # 96 characters
ROOM = 64  # bytes of memory for each byte of a text


def read_text(path: Path | None, tokenizer: Path | None, length: int, span: Span | None) -> DataSet:
    """`tokens` and `next`, both [windows, length]; the classes are the characters, sorted.

    Raises:
        SpecError: a file cannot be read, or the text is shorter than two windows.
    """
    text, name = (_topics(span), "text") if path is None else (text_of(path, span, ROOM), path.name)
    if tokenizer is not None:
        known = read_tokenizer(tokenizer, span)
        numbers = torch.tensor(encoded(known, text, span), dtype=torch.int64)
        return DataSet(
            name, Held(_windows(numbers, name, "tokens", length, span)), tokenizer=known.to_str(), in_order=True
        )
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    alphabet = np.array(sorted(map(ord, PRINTABLE)), np.uint32) if path is None else np.unique(codes)
    numbers = torch.from_numpy(np.searchsorted(alphabet, codes).astype(np.int64))
    fields = _windows(numbers, name, "characters", length, span)
    return DataSet(name, Held(fields), tuple(map(chr, alphabet)), in_order=True)


def _windows(numbers: Tensor, name: str, unit: str, length: int, span: Span | None) -> dict[str, Tensor]:
    """Windows that follow one another, and the same one token later."""
    windows = (len(numbers) - 1) // length
    if windows < 2:
        shown = f"it has {len(numbers):,} {unit}, fewer than two windows of {length:,}"
        refuse(name, shown, "take a longer text, or write a shorter length", span)
    whole = numbers[: windows * length + 1]
    return {"tokens": whole[:-1].view(windows, length), "next": whole[1:].view(windows, length)}


def _topics(span: Span | None) -> str:
    """The language reference of the Python that runs, in characters that every version has."""
    if find_spec("pydoc_data") is None:
        refuse("text", "this Python comes without its language reference", 'name a file: text("book.txt")', span)
    from pydoc_data.topics import topics  # a text of half a megabyte, for this data set only

    return "".join(filter(set(PRINTABLE).__contains__, "\n".join(topics[name] for name in sorted(topics))))
