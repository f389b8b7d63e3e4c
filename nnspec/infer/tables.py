"""Rows of a table as inputs: the columns of a CSV file by the names that training has stored, normalised as there."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nnspec.infer.fail import refuse
from nnspec.infer.metadata import NAMES, statistics, stored
from nnspec.infer.ports import Port
from nnspec.weights.arrays import Array

Table = dict[str, list[str]]  # the texts of every column


def read_rows(path: Path, port: Port, metadata: Mapping[str, str]) -> Array:
    """The features [N, columns] of a CSV file with a line of names; columns that the model does not know are left out.

    A model without stored names takes all columns in their order.

    Raises:
        SpecError: the file is no table, a column is missing, or a value is no number.
    """
    table = _read(path)
    names = stored(metadata, "nnspec.columns", NAMES) or list(table)
    rows = np.stack([_feature(path, table, name) for name in names], axis=1)
    if len(port.shape) == 2 and port.shape[1] not in (None, len(names)) and isinstance(port.shape[1], int):
        refuse(path, f"it has {len(names)} columns, and {port.name} takes {port.shape[1]}")
    mean, std = statistics(metadata, port.name, len(names))
    return np.asarray((rows - np.array(mean)) / np.array(std), np.float32)


def _read(path: Path) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names, *rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        refuse(path, error)
    if not rows or len(set(names)) < len(names):
        refuse(path, "it needs a line of different names, and at least one row")
    for number, row in enumerate(rows, 2):
        if len(row) != len(names):
            refuse(path, f"row {number} has {len(row)} values, and there are {len(names)} columns")
    return {name: [row[index] for row in rows] for index, name in enumerate(names)}


def _feature(path: Path, table: Table, name: str) -> Array:
    """A column of numbers, or for `colour=red` 1 where the column colour is red."""
    column, _, text = name.partition("=")
    if name in table:
        return np.array([_number(path, name, row, value) for row, value in enumerate(table[name], 2)])
    if text and column in table:
        return np.array([float(value == text) for value in table[column]])
    refuse(path, f"it has no column {column if text else name}; it has {', '.join(table)}")


def _number(path: Path, name: str, row: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        refuse(path, f"{name} in row {row} is {text!r}, no finite number")
    return value
