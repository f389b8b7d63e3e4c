"""Texts as inputs of language models, by the vocabulary that training has stored with the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import NoVocabulary, UnevenTexts
from nnspec.infer.ports import TensorPort
from nnspec.infer.vocabulary import read_vocabulary
from nnspec.weights.arrays import Array


def encode_texts(texts: Sequence[str], port: TensorPort, metadata: Mapping[str, str]) -> Array:
    """Token numbers [N, T] of texts; shorter ones are padded where the vocabulary has a token for that.

    Raises:
        SpecError: the input takes no tokens, the model has no vocabulary, a text has characters outside of it, or
            texts differ in length and there is nothing to pad them with.
    """
    if port.dtype.kind != "i" or len(port.shape) != 2:
        raise SpecError.of(NoVocabulary(None, port.name, f"it is {port.dtype} {port}, no row of tokens for each text"))
    vocabulary = read_vocabulary(port.name, metadata)
    if vocabulary is None:
        raise SpecError.of(NoVocabulary(None, port.name, "the model was stored without a vocabulary"))
    rows = [vocabulary.encode(text) for text in texts]
    lengths = {len(row) for row in rows}
    if len(lengths) > 1 and vocabulary.padding is None:
        raise SpecError.of(UnevenTexts(None, port.name, min(lengths), max(lengths)))
    made = np.full((len(rows), max(lengths)), vocabulary.padding or 0, port.dtype)
    for place, row in enumerate(rows):
        made[place, : len(row)] = row
    return made
