"""Texts as inputs of language models, by the vocabulary that training has stored with the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from nnspec.diagnostics import SpecError
from nnspec.infer.metadata import stored
from nnspec.infer.mistakes import NoVocabulary, UnevenTexts
from nnspec.infer.ports import TensorPort
from nnspec.infer.vocabulary import read_vocabulary
from nnspec.weights.arrays import Array

TEXTS = "nnspec.texts"
MASKS = ("mask", "attention_mask")  # inputs of models of others that are 1 where a text has a token
KINDS = ("kind", "token_type_ids")  # those that tell the second of two texts, where there is one
TARGETS = (
    "target",
    "decoder_input_ids",
)  # of a decoder, which reads what the encoder reads behind its first token


class TextInput(BaseModel):
    """The column that the texts of an input were in, and how many tokens of each were taken."""

    model_config = ConfigDict(extra="forbid")

    column: str
    length: int


FORM = TypeAdapter(dict[str, TextInput])


def beside(tokens: Array, lengths: Array, start: int | None) -> dict[str, Array]:
    """What else models of others take of texts, by the names of their inputs; `start` begins what a decoder reads."""
    mask = (np.arange(tokens.shape[1]) < lengths[:, None]).astype(tokens.dtype)
    found = {**dict.fromkeys(MASKS, mask), **dict.fromkeys(KINDS, np.zeros_like(tokens))}
    if start is None:
        return found
    first = np.full_like(tokens[:, :1], start)
    return {**found, **dict.fromkeys(TARGETS, np.concatenate([first, tokens[:, :-1]], axis=1))}


def encode_texts(texts: Sequence[str], port: TensorPort, metadata: Mapping[str, str]) -> tuple[Array, Array]:
    """Token numbers [N, T] of texts, and how many each has [N].

    Shorter texts are padded where the vocabulary has a token for that; longer ones are cut as in training.

    Raises:
        SpecError: the input takes no tokens, the model has no vocabulary, a text has characters outside of it, or
            texts differ in length and there is nothing to pad them with.
    """
    if port.dtype.kind != "i" or len(port.shape) != 2:
        raise SpecError.of(NoVocabulary(None, port.name, f"it is {port.dtype} {port}, no row of tokens for each text"))
    vocabulary = read_vocabulary(port.name, metadata)
    if vocabulary is None:
        raise SpecError.of(NoVocabulary(None, port.name, "the model was stored without a vocabulary"))
    most = (stored(metadata, TEXTS, FORM) or {}).get(port.name)
    rows = [vocabulary.encode(text)[: most.length if most else None] for text in texts]
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1 and vocabulary.padding is None:
        raise SpecError.of(UnevenTexts(None, port.name, min(lengths), max(lengths)))
    made = np.full((len(rows), max(lengths)), vocabulary.padding or 0, port.dtype)
    for place, row in enumerate(rows):
        made[place, : len(row)] = row
    return made, np.array(lengths, np.int64)
