"""Areas under curves, exact, with ties as in scikit-learn: of scores, and whether each sample is of a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnspec.record import Record

Scores = NDArray[np.floating]
Truth = NDArray[np.bool_]


class Areas(Record):
    """The areas under both curves; None where they are not defined.

    That of the receiver is the chance that a sample of the class has a higher score than one that is not, half of it
    where they are equal. The average precision is that of precision over recall, in steps.
    """

    auc: float | None
    average_precision: float | None


def areas(scores: Scores, truth: Truth) -> Areas:
    """The areas under the curves of some samples."""
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive:
        return Areas(None, None)
    order = np.argsort(-scores)
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each group of equal scores
    right = np.cumsum(truth[order])[last]
    gained = np.diff(right, prepend=0)
    precision = float(np.sum(gained / positive * right / (last + 1)))
    if not negative:
        return Areas(None, precision)
    wrong = last + 1 - right
    lost = np.diff(wrong, prepend=0)
    above = np.sum(gained.astype(np.float64) * (negative - wrong + lost / 2))  # pairs that are in the right order
    return Areas(float(above / (positive * negative)), precision)
