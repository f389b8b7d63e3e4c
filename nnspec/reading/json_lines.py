"""A table in JSON lines: an object in each line, whose members are the columns; numbers and texts as they are typed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NoReturn

import numpy as np

from nnspec.reading.table import Table, Values
from nnspec.reading.texts import lines_of, read_text
from nnspec.reading.unreadable import Unreadable

ROOM = 16  # bytes of memory for each byte of a file
Cell = str | float | None


class JsonLinesTable(Table):
    """An object a line; a member that a line does not have, or that is null, is a missing value."""

    def __init__(self, path: Path) -> None:
        """Read all lines.

        Raises:
            Unreadable: one is no object of numbers and texts.
        """
        self._lines: list[int] = []
        cells: dict[str, list[Cell]] = {}
        for number, line in enumerate(lines_of(read_text(path, ROOM)), 1):
            if line.strip():
                self._add(cells, _object(line, number), number)
        self.names, self.rows, self.notes = tuple(cells), len(self._lines), {}
        self._cells = cells

    def _add(self, cells: dict[str, list[Cell]], members: dict[str, object], number: int) -> None:
        for name, value in members.items():
            cell = _cell(name, value, number)
            cells.setdefault(name, [None] * len(self._lines)).append(cell)
        self._lines.append(number)
        for column in cells.values():
            if len(column) < len(self._lines):
                column.append(None)

    def place(self, index: int) -> str:
        """The line of the file."""
        return f"line {self._lines[index]:,}"

    def values(self, name: str) -> Values:
        """A column of numbers, or of texts.

        Raises:
            Unreadable: it has both.
        """
        cells = self._cells[name]
        if not any(isinstance(cell, str) for cell in cells):
            return np.array([math.nan if cell is None else cell for cell in cells], np.float64)
        odd = next((index for index, cell in enumerate(cells) if isinstance(cell, float)), None)
        if odd is not None:
            raise Unreadable(f"{name} in {self.place(odd)} is a number, and a text elsewhere", "write it in one way")
        return self.texts(name)

    def texts(self, name: str) -> list[str]:
        """A column as texts; "" where a value is missing."""
        return ["" if cell is None else cell if isinstance(cell, str) else f"{cell:.15g}" for cell in self._cells[name]]


def _object(line: str, number: int) -> dict[str, object]:
    def twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
        members = dict(pairs)
        if len(members) < len(pairs):
            _fail(number, "names a member twice")
        return members

    try:
        found = json.loads(line, object_pairs_hook=twice)
    except (ValueError, RecursionError):
        _fail(number, "is no JSON")
    if not isinstance(found, dict):
        _fail(number, "is no object")
    return found


def _cell(name: str, value: object, number: int) -> Cell:
    if value is None or isinstance(value, str):
        return value.strip() if value else value
    if isinstance(value, (bool, int, float)):
        try:
            if math.isfinite(value):
                return float(value)
        except OverflowError:
            pass
        raise Unreadable(f"line {number:,} has no finite number for {name}", "write a finite one, or remove the line")
    raise Unreadable(
        f"line {number:,} has a list or an object for {name}", "make it a number or a text, or leave it out"
    )


def _fail(number: int, reason: str) -> NoReturn:
    raise Unreadable(f"line {number:,} {reason}", 'write an object in each line: {"text": "...", "label": "..."}')
