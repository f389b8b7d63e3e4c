"""The figures of a comparison, as they are printed and stored: by name, for all samples and for each class."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nnspec.record import Record

Value = float | int | None  # None where a figure is not defined, such as the recall of a class that is not there


class Row(Record):
    """The figures of one class, label or column."""

    name: str
    figures: dict[str, Value]


class Figures(Record):
    """The figures of an output that is compared with a field."""

    kind: str  # "classes", "labels" or "numbers"
    field: str
    whole: dict[str, Value]  # of all samples
    rows: tuple[Row, ...] = ()  # of each class
    confusion: NDArray[np.int64] | None = None  # [class, what it was taken for]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "kind": self.kind,
            "field": self.field,
            **{name: plain(value) for name, value in self.whole.items()},
            "rows": [
                {"name": row.name, **{name: plain(value) for name, value in row.figures.items()}} for row in self.rows
            ],
            **({} if self.confusion is None else {"confusion": self.confusion.tolist()}),
            **({"notes": list(self.notes)} if self.notes else {}),
        }


def plain(value: Value) -> Value:
    """A number as JSON has it, which knows no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def share(part: float, whole: float) -> float:
    """A part of a whole; 0 of nothing, as scikit-learn has it."""
    return float(part / whole) if whole else 0.0


def mean(values: list[float]) -> float | None:
    """The mean; None of nothing."""
    return float(np.mean(values)) if values else None
