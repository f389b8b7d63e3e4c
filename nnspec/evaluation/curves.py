"""Areas under curves, exact, with ties as in scikit-learn: of scores, and whether each sample is of a class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]
Truth = NDArray[np.bool_]


def area_under_roc(scores: Scores, truth: Truth) -> float | None:
    """The chance that a sample of the class has a higher score than one that is not; half of it where they are equal.

    None where all samples are of the class, or none is.
    """
    positive = int(truth.sum())
    negative = len(truth) - positive
    if not positive or not negative:
        return None
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]  # equal scores share the mean of their ranks
    above = ranks[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def average_precision(scores: Scores, truth: Truth) -> float | None:
    """The area under the curve of precision over recall, in steps; None where no sample is of the class."""
    positive = int(truth.sum())
    if not positive:
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each group of equal scores
    right = np.cumsum(truth[order])[last]
    recall = right / positive
    return float(np.sum(np.diff(recall, prepend=0.0) * right / (last + 1)))
