"""The scores of the next token under the rules that are stored with a model, as transformers applies them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nnspec.infer.language import Language
from nnspec.weights.arrays import Array


def ruled(scores: Array, language: Language, written: Sequence[int], fresh: int, length: int) -> Array:
    """The scores of the tokens that may follow.

    Args:
        scores: as the model gives them, [vocabulary].
        language: the rules.
        written: all tokens so far, those of the prompt too.
        fresh: how many of them are not of the prompt.
        length: how many of such there will be.
    """
    made = np.array(scores, np.float32)
    if language.repetition_penalty != 1 and written:
        seen = np.unique(np.array(written))
        made[seen] = np.where(made[seen] < 0, made[seen] * language.repetition_penalty,
                              made[seen] / language.repetition_penalty)  # fmt: skip
    if language.no_repeat_ngram:
        _forbid(made, _repeating(written, language.no_repeat_ngram))
    if len(written) < language.least_length or fresh < language.least_new:
        _forbid(made, language.end)
    if language.forced_first is not None and len(written) == 1:
        _force(made, [language.forced_first])
    if language.forced_last and fresh == length - 1:
        _force(made, language.forced_last)
    _forbid(made, language.suppressed)
    first = 1 if language.forced_first is not None and len(written) - fresh == 1 else 0
    if fresh == first:
        _forbid(made, language.suppressed_first)
    return made


def _repeating(written: Sequence[int], size: int) -> list[int]:
    """The tokens with which the last ones would be a run of `size` tokens that was there before."""
    before = tuple(written[len(written) - size + 1 :]) if size > 1 else ()
    if len(written) < size - 1:
        return []
    places = range(len(written) - size + 1)
    return [written[place + size - 1] for place in places if tuple(written[place : place + size - 1]) == before]


def _forbid(scores: Array, tokens: Iterable[int]) -> None:
    scores[[token for token in tokens if token < len(scores)]] = -np.inf


def _force(scores: Array, tokens: Iterable[int]) -> None:
    kept = [token for token in tokens if token < len(scores)]
    scores[:] = -np.inf
    scores[kept] = 0
