"""Many names in little memory: one after the other, and where each begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 4096  # names that become texts together


class Names:
    """Names by their number. A list of 200,000 would take 15 MB, in each process that counts references to them."""

    def __init__(self, names: Iterable[str]) -> None:
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        self._ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        self.whole = np.frombuffer(b"".join(encoded), np.uint8)

    @classmethod
    def joined(cls, lists: Sequence[Names]) -> Names:
        """The names of several lists, one after the other."""
        made = cls(())
        made.whole = np.concatenate([made.whole, *(each.whole for each in lists)])
        made._ends = np.cumsum(np.concatenate([[0], *(np.diff(each._ends) for each in lists)]), dtype=np.int64)
        return made

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        return self.whole[self._ends[index] : self._ends[index + 1]].tobytes().decode("utf-8", "surrogateescape")

    def some(self, indices: NDArray[np.int64]) -> Iterator[str]:
        """The names of some numbers."""
        for first, last in zip(self._ends[indices].tolist(), self._ends[indices + 1].tolist(), strict=True):
            yield self.whole[first:last].tobytes().decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), AT_ONCE):
            ends = self._ends[start : start + AT_ONCE + 1]
            text = self.whole[ends[0] : ends[-1]].tobytes()
            for first, last in pairwise((ends - ends[0]).tolist()):
                yield text[first:last].decode("utf-8", "surrogateescape")
