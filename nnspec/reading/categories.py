"""The categories of a column of texts: which there are, and the number of each; one may stand for all that are rare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnspec.reading.many_texts import Coded

UNKNOWN = "<unknown>"  # the category of texts that are rare, or that training has not seen


def categories(texts: Sequence[str], rare: int | None) -> tuple[str, ...]:
    """The different texts, sorted; with `rare`, behind `UNKNOWN`, and only those that stand in so many rows."""
    counts = texts.counts() if isinstance(texts, Coded) else Counter(texts)
    if rare is None:
        return tuple(sorted(counts))
    return (UNKNOWN, *sorted(text for text, count in counts.items() if count >= rare and text != UNKNOWN))


def numbered(texts: Sequence[str], known: Sequence[str]) -> tuple[NDArray[np.int64], int | None]:
    """The number of each text among the known ones, and the place of the first that is none of them.

    Where `UNKNOWN` is known, it is the number of all others.
    """
    index = {text: number for number, text in enumerate(known)}
    other = index.get(UNKNOWN, -1)
    if isinstance(texts, Coded):
        numbers = np.array([index.get(text, other) for text in texts.distinct], np.int64)[texts.codes]
    else:
        numbers = np.fromiter((index.get(text, other) for text in texts), np.int64, len(texts))
    missing = np.flatnonzero(numbers < 0)
    return numbers, int(missing[0]) if len(missing) else None
