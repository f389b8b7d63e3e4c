"""Tokens of texts and their numbers: a vocabulary that is counted, or the tokenizer of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnspec.diagnostics import Span
from nnspec.extras import need
from nnspec.record import Record
from nnspec.train.data.fail import need_room, refuse, text_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = ("<padding>", "<start>", "<end>", "<rare>")  # of sequences that are padded
PADDING, START, END, RARE = range(len(SPECIAL))
TOKENIZER_ROOM = 64  # bytes of memory for each byte of a tokenizer.json


class TokenList(Record):
    """Tokens, `SPECIAL` first; the place of each is its number."""

    tokens: tuple[str, ...]
    encode: Callable[[str], list[int]]  # the numbers of the tokens of a text


def counted(lines: Iterable[str], characters: bool, size: int) -> TokenList:
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
    return TokenList(tokens, lambda text: [index.get(token, RARE) for token in split(text)])


def recounted(tokens: Sequence[str]) -> TokenList:
    """The tokens that were counted before: characters, where the space is one of them, or words."""
    index = {token: number for number, token in enumerate(tokens)}
    split: Callable[[str], Iterable[str]] = list if " " in index else str.split
    return TokenList(tuple(tokens), lambda text: [index.get(token, RARE) for token in split(text)])


def encoded(tokenizer: Tokenizer, text: str, span: Span | None) -> list[int]:
    """The numbers of a text's tokens.

    Raises:
        SpecError: the tokenizer lacks what it needs, such as a token for all that it does not know.
    """
    try:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)
    except Exception as error:  # the package has no class of its own for this
        refuse("the tokenizer", f"it cannot split the text ({error})", "take a tokenizer that is whole", span)


def pieces(tokenizer: Tokenizer, span: Span | None) -> TokenList:
    """The tokens of a tokenizer, numbered after `SPECIAL`."""
    numbers = tokenizer.get_vocab(with_added_tokens=True)
    greatest = max(numbers.values(), default=-1)
    need_room("the tokenizer", TOKENIZER_ROOM * greatest, span)
    tokens = [""] * (greatest + 1)
    for token, number in numbers.items():
        tokens[number] = token

    def encode(text: str) -> list[int]:
        return [len(SPECIAL) + number for number in encoded(tokenizer, text, span)]

    return TokenList((*SPECIAL, *tokens), encode)


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


def restored(text: str, span: Span | None) -> Tokenizer:
    """The tokenizer that was stored with weights.

    Raises:
        SpecError: the package is not installed, or what is stored is no tokenizer.
    """
    need("the tokenizer that the model was trained with", "tokenizers")
    from tokenizers import Tokenizer  # here: it comes with an extra of its own

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the package has no class of its own for this
        refuse("the tokenizer", f"what is stored with the weights is none ({error})", "export them again", span)
