"""The figures of numbers that are compared with numbers: how far they are apart, and how much they explain."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nnspec.evaluation.figures import Figures, Row, Value

COLUMNS = 64  # that have figures of their own


class NumberTally:
    """Sums over samples for each column, added up batch by batch in float64."""

    def __init__(self, field: str, columns: int, names: Sequence[str]) -> None:
        self.field = field
        self.names = list(names) if len(names) == columns else list(map(str, range(columns)))
        self.samples = 0
        self.absolute, self.squared, self.greatest, self.mean, self.spread = (np.zeros(columns) for _ in range(5))

    def add(self, found: NDArray[np.float32], target: NDArray[np.float32]) -> None:
        """Some samples: both are [N, columns]."""
        wanted = target.astype(np.float64)
        apart = found.astype(np.float64) - wanted
        count = len(wanted)
        if not count:
            return
        self.absolute += np.abs(apart).sum(0)
        self.squared += (apart**2).sum(0)
        self.greatest = np.maximum(self.greatest, np.abs(apart).max(0))
        mean = wanted.mean(0)  # joined as Chan, Golub and LeVeque do: sums of squares alone would lose digits
        between = (mean - self.mean) ** 2 * self.samples * count / (self.samples + count)
        self.spread += ((wanted - mean) ** 2).sum(0) + between
        self.mean += (mean - self.mean) * count / (self.samples + count)
        self.samples += count

    def figures(self) -> Figures:
        """What was added, in figures; those of the whole are means over the columns, as in scikit-learn."""
        rows = [self._row(index) for index in range(len(self.names))]
        whole: dict[str, Value] = {"samples": self.samples}
        for name in ("mae", "mse", "r2"):
            values = [row.figures[name] for row in rows]
            known = [float(value) for value in values if value is not None]
            whole[name] = float(np.mean(known)) if known and len(known) == len(values) else None
        mse = whole["mse"]
        whole["rmse"] = None if mse is None else math.sqrt(mse)
        whole["max_error"] = float(self.greatest.max()) if rows else None
        return Figures("numbers", self.field, whole, tuple(rows) if 1 < len(rows) <= COLUMNS else ())

    def _row(self, index: int) -> Row:
        count = self.samples
        squared, spread = float(self.squared[index]), float(self.spread[index])
        figures: dict[str, Value] = {
            "mae": float(self.absolute[index]) / count if count else None,
            "mse": squared / count if count else None,
            "rmse": math.sqrt(squared / count) if count else None,
            "r2": 1 - squared / spread if spread > 0 else None,  # of targets that are all the same it is not defined
            "max_error": float(self.greatest[index]),
        }
        return Row(self.names[index], figures)
