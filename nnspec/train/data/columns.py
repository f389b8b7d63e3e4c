"""The columns of a CSV file: a line of names, then a value of each column in every line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnspec.diagnostics import Span
from nnspec.train.data.fail import RELATIVE, need_room, refuse

Column = NDArray[np.float64] | list[str]  # finite numbers, or texts
SAVE = "save it as CSV in UTF-8"


def csv_columns(path: Path, span: Span | None) -> dict[str, Column]:
    """The columns by name.

    Raises:
        SpecError: the file cannot be read, has fewer than two rows, or some value is missing.
    """
    try:
        need_room(path, 16 * path.stat().st_size, span)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        refuse(path, "there is no such file", RELATIVE, span)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        refuse(path, f"it cannot be read ({error})", SAVE, span)
    names = [name.strip() for name in rows[0]] if rows else []
    if len(rows) < 3 or len(set(names)) < len(names):
        refuse(path, "it needs a line of different names and at least two rows", SAVE, span)
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            refuse(path, f"row {number} has {len(row)} values, and there are {len(names)} columns", "mend it", span)
        empty = next((name for name, text in zip(names, row, strict=True) if not text.strip()), None)
        if empty is not None:
            refuse(path, f"row {number} has no value for {empty}", "fill it in, or remove the row", span)
    return {name: _column([row[index].strip() for row in rows[1:]]) for index, name in enumerate(names)}


def _column(texts: list[str]) -> Column:
    """Texts as numbers, where all of them are finite ones."""
    try:
        numbers = np.array([float(text) for text in texts])
    except ValueError:
        return texts
    return numbers if bool(np.isfinite(numbers).all()) else texts
