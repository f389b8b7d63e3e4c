"""A table in JSON lines: an object in each line, whose members are the columns; numbers and texts as they are typed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NoReturn

import numpy as np

from nnspec.reading.table import Table, Values
from nnspec.reading.texts import lines_of, opened_text, read_text
from nnspec.reading.unreadable import Unreadable

ROOM = 16  # bytes of memory for each byte of a file
AT_ONCE = 16_384  # lines that are read together, where not all are
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
            return _numbers(cells)
        odd = next((index for index, cell in enumerate(cells) if isinstance(cell, float)), None)
        if odd is not None:
            raise _both(name, self._lines[odd])
        return self.texts(name)

    def texts(self, name: str) -> list[str]:
        """A column as texts; "" where a value is missing."""
        return [_text(cell) for cell in self._cells[name]]


class JsonPieces:
    """Objects that are read some lines at a time."""

    def __init__(self, path: Path) -> None:
        """Read all lines, and keep which members there are, and of what kinds.

        Raises:
            Unreadable: one is no object of numbers and texts.
        """
        self.path = path
        self.numbers: dict[str, bool] = {}  # by name, whether it has some
        self.texts: dict[str, bool] = {}
        for _, members in self._lines():
            for name, cell in members.items():
                self.numbers[name] = self.numbers.get(name, False) or isinstance(cell, float)
                self.texts[name] = self.texts.get(name, False) or isinstance(cell, str)
        self.names = tuple(self.numbers)

    def _lines(self) -> Iterator[tuple[int, dict[str, Cell]]]:
        with opened_text(self.path) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    members = _object(line, number)
                    yield number, {name: _cell(name, value, number) for name, value in members.items()}

    def __iter__(self) -> Iterator[tuple[list[int], dict[str, Values]]]:
        """The numbers of some lines, and the cells of each column."""
        lines = self._lines()
        while some := list(islice(lines, AT_ONCE)):
            yield [number for number, _ in some], {name: self._column(name, some) for name in self.names}

    def _column(self, name: str, lines: Sequence[tuple[int, dict[str, Cell]]]) -> Values:
        cells = [members.get(name) for _, members in lines]
        return [_text(cell) for cell in cells] if self.texts[name] else _numbers(cells)

    def mixed(self, name: str) -> Unreadable | None:
        """The mistake of a column of both numbers and texts."""
        if not (self.numbers[name] and self.texts[name]):
            return None
        return _both(name, next(number for number, members in self._lines() if isinstance(members.get(name), float)))


def _numbers(cells: Sequence[Cell]) -> Values:
    return np.array([math.nan if cell is None else cell for cell in cells], np.float64)


def _text(cell: Cell) -> str:
    return "" if cell is None else cell if isinstance(cell, str) else f"{cell:.15g}"


def _both(name: str, line: int) -> Unreadable:
    return Unreadable(f"{name} in line {line:,} is a number, and a text elsewhere", "write it in one way")


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
