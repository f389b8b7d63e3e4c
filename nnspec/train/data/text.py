"""Data for language models: the characters of a text, or the tokens of a tokenizer, in windows."""

from __future__ import annotations

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import read_from, refuse, text_of
from nnspec.train.data.place import Place
from nnspec.train.data.samples import Held
from nnspec.train.data.tokens import token_file
from nnspec.train.data.vocabulary import encoded, read_tokenizer, restored

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PRINTABLE = "\n" + "".join(chr(code) for code in range(32, 127))  # 96 characters
ROOM = 64  # bytes of memory for each byte of a text
LARGE = 1 << 24  # bytes of a text from which on its tokens are mapped from a file


def read_text(path: Path | None, tokenizer: Path | None, length: int, place: Place) -> DataSet:
    """`tokens` and `next`, both [windows, length]; the classes are the characters, sorted.

    Raises:
        SpecError: a file cannot be read, has characters that are not known, or is shorter than two windows.
    """
    span, known = place.span, place.known
    tool = _tokenizer(tokenizer, place)
    alphabet = "".join(known.classes) if known and known.classes else None
    if path is not None and path.is_file() and path.stat().st_size > LARGE:
        encode = None if tool is None else (lambda piece: np.array(encoded(tool, piece, span), np.int64))
        key = "" if tool is None else sha256(tool.to_str().encode()).hexdigest()
        with read_from(path, span):
            samples = token_file(path, length, encode, key, alphabet, place.supply, span)
        return DataSet(
            path.name, samples, tuple(samples.about.alphabet), tokenizer=tool.to_str() if tool else None, in_order=True
        )
    text, name = (_topics(span), "text") if path is None else (text_of(path, span, ROOM), path.name)
    if tool is not None:
        numbers = torch.tensor(encoded(tool, text, span), dtype=torch.int64)
        fields = _windows(numbers, name, "tokens", length, span)
        return DataSet(name, Held(fields), tokenizer=tool.to_str(), in_order=True)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    if alphabet is None:
        alphabet = "".join(sorted(PRINTABLE if path is None else set(text)))
    letters = np.frombuffer(alphabet.encode("utf-32-le", "surrogatepass"), np.uint32)
    unknown = np.flatnonzero(~np.isin(codes, letters))
    if len(unknown):
        other = chr(codes[unknown[0]])
        refuse(name, f"it has the character {other!r}, which the model does not know", "take it out", span)
    numbers = torch.from_numpy(np.searchsorted(letters, codes).astype(np.int64))
    fields = _windows(numbers, name, "characters", length, span)
    return DataSet(name, Held(fields), tuple(alphabet), in_order=True)


def _tokenizer(path: Path | None, place: Place) -> Tokenizer | None:
    """The tokenizer of a path, or the one that is known."""
    if place.known is not None and place.known.tokenizer is not None:
        return restored(place.known.tokenizer, place.span)
    return None if path is None else read_tokenizer(path, place.span)


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
