"""Texts of very many rows in little memory: numbers of the different ones, or bytes one after the other."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 65_536  # rows that are looked at together
SHORT = 8  # bytes of a text that may say that there is none, at most

Bools = NDArray[np.bool_]
Places = NDArray[np.int64]


class ManyTexts(Sequence[str]):
    """A column of texts, one a row."""

    @abstractmethod
    def chosen(self, order: Places) -> ManyTexts:
        """Those of some rows."""

    @abstractmethod
    def missing(self) -> Bools:
        """Where there is none."""

    @abstractmethod
    def text(self, index: int) -> str:
        """That of a row."""

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> ManyTexts: ...
    def __getitem__(self, index: int | slice) -> str | ManyTexts:
        if isinstance(index, slice):
            return self.chosen(np.arange(*index.indices(len(self))))
        return self.text(index)


class Coded(ManyTexts):
    """Texts of which there are few different ones."""

    def __init__(self, distinct: Sequence[str], codes: NDArray[np.int64] | NDArray[np.int32]) -> None:
        """`codes` are the places of the texts among the different ones."""
        self.distinct = list(distinct)
        self.codes = codes

    @classmethod
    def of_numbers(cls, numbers: NDArray[np.float64], written: Callable[[float], str] = "{:g}".format) -> Coded:
        """Numbers as they are written: as short as it goes, if nothing is said."""
        found, codes = np.unique(numbers, return_inverse=True)
        return cls([written(number) for number in found.tolist()], codes.reshape(-1))

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), AT_ONCE):
            yield from map(self.distinct.__getitem__, self.codes[start : start + AT_ONCE].tolist())

    def text(self, index: int) -> str:
        return self.distinct[int(self.codes[index])]

    def chosen(self, order: Places) -> Coded:
        return Coded(self.distinct, self.codes[order])

    def missing(self) -> Bools:
        return np.array([not text for text in self.distinct], np.bool_)[self.codes]

    def changed(self, change: Callable[[str], str]) -> Coded:
        """Each text as something else."""
        return Coded([change(text) for text in self.distinct], self.codes)

    def counts(self) -> dict[str, int]:
        """The different texts, each with its number of rows."""
        found: dict[str, int] = {}
        counts = np.bincount(self.codes, minlength=len(self.distinct)).tolist()
        for text, count in zip(self.distinct, counts, strict=True):
            if count:
                found[text] = found.get(text, 0) + count
        return found


class Written(ManyTexts):
    """Texts of which there are many different ones, in UTF-8."""

    def __init__(
        self,
        content: NDArray[np.uint8],
        ends: Places,
        change: Callable[[str], str] = str,
        order: Places | None = None,
    ) -> None:
        """Take bytes, and where each text ends; `order` are the rows where these are not all."""
        self.content = content
        self.ends = ends
        self.change = change
        self.order = order

    def __len__(self) -> int:
        return len(self.ends if self.order is None else self.order)

    def __iter__(self) -> Iterator[str]:
        if self.order is not None:
            yield from map(self.text, range(len(self)))
            return
        first = 0
        for start in range(0, len(self), AT_ONCE):
            ends = self.ends[start : start + AT_ONCE].tolist()
            content = self.content[first : ends[-1]].tobytes()
            begins = [first, *ends[:-1]]
            for begin, end in zip(begins, ends, strict=True):
                yield self.change(content[begin - first : end - first].decode("utf-8", "surrogatepass"))
            first = ends[-1]

    def text(self, index: int) -> str:
        row = index if self.order is None else int(self.order[index])
        begin = int(self.ends[row - 1]) if row else 0
        return self.change(self.content[begin : int(self.ends[row])].tobytes().decode("utf-8", "surrogatepass"))

    def chosen(self, order: Places) -> Written:
        return Written(self.content, self.ends, self.change, order if self.order is None else self.order[order])

    def missing(self) -> Bools:
        lengths = np.diff(self.ends, prepend=0)
        lengths = lengths if self.order is None else lengths[self.order]
        found = np.zeros(len(self), np.bool_)
        for index in np.flatnonzero(lengths <= SHORT).tolist():
            found[index] = not self.text(index)
        return found
