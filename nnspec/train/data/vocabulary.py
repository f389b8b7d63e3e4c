"""Tokens of texts and their numbers: a vocabulary that is counted, or the tokenizer of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.diagnostics import Span
from nnspec.extras import need
from nnspec.record import Record
from nnspec.train.data.fail import refuse, text_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = ("<padding>", "<start>", "<end>", "<rare>")  # of sequences that are padded
PADDING, START, END, RARE = range(len(SPECIAL))
TOKENIZER_ROOM = 64  # bytes of memory for each byte of a tokenizer.json


class Vocabulary(Record):
    """Tokens, `SPECIAL` first; the place of each is its number."""

    tokens: tuple[str, ...]
    encode: Callable[[str], list[int]]  # the numbers of the tokens of a text


def counted(lines: Iterable[str], characters: bool, size: int) -> Vocabulary:
    """The most frequent tokens of lines: single characters, or what white space separates.

    The space is always one of the characters: by that a vocabulary of them can be told from one of words.
    """
    split: Callable[[str], Iterable[str]] = list if characters else str.split
    counts = Counter(token for line in lines for token in split(line))
    kept = sorted(counts, key=lambda token: (-counts[token], token))[:size]
    if characters and " " not in kept:
        kept.append(" ")
    tokens = (*SPECIAL, *kept)
    index = {token: len(SPECIAL) + place for place, token in enumerate(kept)}
    return Vocabulary(tokens, lambda text: [index.get(token, RARE) for token in split(text)])


def pieces(tokenizer: Tokenizer) -> Vocabulary:
    """The tokens of a tokenizer, numbered after `SPECIAL`."""
    numbers = tokenizer.get_vocab(with_added_tokens=True)
    tokens = [""] * (max(numbers.values(), default=-1) + 1)
    for token, number in numbers.items():
        tokens[number] = token

    def encode(text: str) -> list[int]:
        return [len(SPECIAL) + number for number in tokenizer.encode(text, add_special_tokens=False).ids]

    return Vocabulary((*SPECIAL, *tokens), encode)


def read_tokenizer(path: Path, span: Span | None) -> Tokenizer:
    """The tokenizer in a tokenizer.json, the format of Hugging Face's tokenizers.

    Raises:
        SpecError: the package is not installed, or the file is missing or holds no tokenizer.
    """
    need("a tokenizer file", "tokenizers")
    from tokenizers import Tokenizer  # here: it comes with an extra of its own

    text = text_of(path, span, TOKENIZER_ROOM)
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the package has no class of its own for this
        refuse(path, f"it holds no tokenizer ({error})", "give a tokenizer.json of Hugging Face's tokenizers", span)
