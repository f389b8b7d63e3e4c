"""Choosing the next token from its scores: the likeliest, or one drawn from the likelier ones."""

from __future__ import annotations

import numpy as np

from nnspec.record import Record
from nnspec.weights.arrays import Array


class Sampling(Record):
    """The way a token is chosen. At temperature 0 it is the likeliest one, and the other two change nothing.

    Scores are divided by the temperature. Of the tokens, the `top_k` likeliest are left, and of those as many of the
    likeliest as it takes to have the share `top_p` of the probability (Holtzman et al. 2019).
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def token(self, scores: Array, random: np.random.Generator) -> int:
        """The number of the next token, for the scores of all, [vocabulary]."""
        if self.temperature == 0:
            return int(scores.argmax())
        order = np.argsort(-scores, kind="stable")[: self.top_k]
        shifted = (scores[order].astype(np.float64) - scores[order[0]]) / self.temperature
        shares = np.exp(shifted)
        shares /= shares.sum()
        # the first token whose share completes top_p is still in; a sum may stay below 1 by rounding
        kept = int(np.searchsorted(shares.cumsum(), self.top_p * (1 - 1e-12))) + 1
        sums = shares[:kept].cumsum()
        place = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
        return int(order[min(place, len(sums) - 1)])
