"""Many names in little memory: one after the other, and where each begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


class Names:
    """Names by their number. A list of 200,000 would take 15 MB, in each process that counts references to them."""

    def __init__(self, names: Iterable[str]) -> None:
        encoded = [name.encode("utf-8", "surrogateescape") for name in names]
        self._ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        self.whole = np.frombuffer(b"".join(encoded), np.uint8)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index: int) -> str:
        return self.whole[self._ends[index] : self._ends[index + 1]].tobytes().decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))
