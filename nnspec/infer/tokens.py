"""Texts as inputs of language models, by the vocabulary that training has stored with the weights.

A model knows the characters of a text (its classes), or counted words or characters for each input, or a tokenizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.infer.metadata import TEXT, VOCABULARIES, class_names, stored
from nnspec.infer.mistakes import BadMetadata, NoVocabulary, UnevenTexts, UnknownCharacter
from nnspec.infer.ports import Port
from nnspec.weights.arrays import Array

PADDING, RARE = "<padding>", "<rare>"  # as training names them in the vocabularies that it counts


def encode_texts(texts: Sequence[str], port: Port, metadata: Mapping[str, str]) -> Array:
    """Token numbers [N, T] of texts; shorter ones are padded where the vocabulary has a token for that.

    Raises:
        SpecError: the input takes no tokens, the model has no vocabulary, a text has characters outside of it, or
            texts differ in length and there is nothing to pad them with.
    """
    if port.dtype.kind != "i" or len(port.shape) != 2:
        raise SpecError.of(NoVocabulary(None, port.name, f"it is {port.dtype} {port}, no row of tokens for each text"))
    encode, padding = _vocabulary(port, metadata)
    rows = [encode(text) for text in texts]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 and padding is None:
        raise SpecError.of(UnevenTexts(None, port.name, min(lengths), max(lengths)))
    made = np.full((len(rows), max(lengths)), padding or 0, port.dtype)
    for place, row in enumerate(rows):
        made[place, : len(row)] = row
    return made


def _vocabulary(port: Port, metadata: Mapping[str, str]) -> tuple[Callable[[str], list[int]], int | None]:
    """How a text becomes numbers for an input, and the number that pads."""
    counted = (stored(metadata, "nnspec.vocabularies", VOCABULARIES) or {}).get(port.name)
    tokenizer = stored(metadata, "nnspec.tokenizer", TEXT)
    known = None if tokenizer is None else _tokenizer(tokenizer)
    if counted is not None:
        index = _index(counted)

        def encode(text: str) -> list[int]:
            tokens = known.encode(text, add_special_tokens=False).tokens if known else _split(text, index)
            return [index.get(token, index.get(RARE, 0)) for token in tokens]

        return encode, index.get(PADDING)
    if known is not None:
        return lambda text: list(known.encode(text, add_special_tokens=False).ids), None
    characters = class_names(metadata)
    if not characters or any(len(character) != 1 for character in characters):
        raise SpecError.of(NoVocabulary(None, port.name, "the model was stored without a vocabulary"))
    return _by_character(_index(characters)), None


def _index(tokens: Sequence[str]) -> dict[str, int]:
    return {token: number for number, token in enumerate(tokens)}


def _split(text: str, index: dict[str, int]) -> Sequence[str]:
    """Words; or characters, where the vocabulary is made of them and has one for the space between words."""
    return list(text) if " " in index else text.split()


def _by_character(index: dict[str, int]) -> Callable[[str], list[int]]:
    def encode(text: str) -> list[int]:
        unknown = next((character for character in text if character not in index), None)
        if unknown is not None:
            raise SpecError.of(UnknownCharacter(None, unknown, "".join(index)))
        return [index[character] for character in text]

    return encode


def _tokenizer(text: str) -> Any:
    need("the tokenizer that the model was trained with", "tokenizers")
    from tokenizers import Tokenizer  # here: it comes with an extra of its own

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # the package has no class of its own for this
        raise SpecError.of(BadMetadata(None, "nnspec.tokenizer", str(error))) from None
