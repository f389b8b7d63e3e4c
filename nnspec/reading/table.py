"""A table: columns by name, each read when it is asked for, whatever the file that it is in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from nnspec.reading.many_texts import ManyTexts
from nnspec.reading.numbers import Numbers
from nnspec.reading.unreadable import Unreadable

SAVE = "save it as CSV in UTF-8 with a line of names"

Values = Numbers | Sequence[str]  # NaN, or "", where a value is missing


class Table(ABC):
    """Columns by name, each read when it is asked for."""

    names: tuple[str, ...]
    rows: int
    notes: dict[str, str]  # by column, what should be known of how it was read

    @abstractmethod
    def values(self, name: str) -> Values:
        """A column as numbers where it is made of them, and else as texts.

        Raises:
            Unreadable: it cannot be read in one way.
        """

    @abstractmethod
    def texts(self, name: str) -> Sequence[str]:
        """A column as it is written."""

    def place(self, index: int) -> str:
        """The row of a value in the file, in words."""
        return f"row {index + 1:,}"

    def numbers(self, name: str) -> Numbers:
        """A column of numbers.

        Raises:
            Unreadable: it is not.
        """
        values = self.values(name)
        if not isinstance(values, np.ndarray):
            index = next((index for index, text in enumerate(values) if text), 0)
            raise Unreadable(f"{name} in {self.place(index)} is {values[index]!r}, no finite number", "write one")
        return values


def missing_in(values: Values) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where a column has no value."""
    if isinstance(values, ManyTexts):
        return values.missing()
    return np.isnan(values) if isinstance(values, np.ndarray) else np.array([not text for text in values], np.bool_)
