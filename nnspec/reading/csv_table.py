"""A table in a file of text: CSV with any of the usual separators."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from nnspec.reading.numbers import PLAIN, is_missing, numbers_of
from nnspec.reading.table import SAVE, Table, Values
from nnspec.reading.texts import opened_text, read_text
from nnspec.reading.unreadable import Unreadable

SEPARATORS = (",", ";", "\t", "|")
ROOM = 16  # bytes of memory for each byte of a CSV file
HEAD = 1 << 16  # characters by which the separator is found
AT_ONCE = 16_384  # rows that are read together, where not all are
LOOKED_AT = 20  # rows by which the separator is found
COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
THOUSANDS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+", re.ASCII)


class CsvTable(Table):
    """A file of text: a line of names, then a value for each in every line."""

    def __init__(self, path: Path) -> None:
        """Read all cells.

        Raises:
            Unreadable: it is no table.
        """
        text = read_text(path, ROOM)
        rows, self._lines = _rows(text, _separator(text))
        names = rows.pop(0) if rows else []
        self._lines = self._lines[1:]
        self.names = _checked(names)
        self.rows, self.notes = len(rows), {}
        for line, row in zip(self._lines, rows, strict=True):
            _check_width(line, row, names)
        self._cells = {name: [row[index] for row in rows] for index, name in enumerate(self.names)}
        self._has_commas = any(COMMA.fullmatch(cell) for row in rows[:LOOKED_AT] for cell in row)

    def place(self, index: int) -> str:
        """The line of the file, in which the names are row 1."""
        return f"row {self._lines[index]:,}"

    def texts(self, name: str) -> list[str]:
        """A column as it is written; "" where a value is missing."""
        return ["" if is_missing(cell) else cell for cell in self._cells[name]]

    def values(self, name: str) -> Values:
        """A column as numbers where it is made of them, and else as texts.

        Raises:
            Unreadable: it cannot be read in one way.
        """
        found = numbers_of(name, self._cells[name], self.place)
        if found is None:
            return self.texts(name)
        numbers, note = found
        if note:
            self.notes[name] = note
        elif self._has_commas:
            self._need_plain(name)
        return numbers

    def _need_plain(self, name: str) -> None:
        """Check that a column has no points that may stand between thousands, where others have decimal commas.

        Raises:
            Unreadable: it has.
        """
        index = thousands(self._cells[name])
        if index is not None:
            raise doubtful(name, self._cells[name][index], self.place(index))


def thousands(cells: Sequence[str]) -> int | None:
    """The place of the first number with points that may stand between thousands."""
    return next((index for index, cell in enumerate(cells) if THOUSANDS.fullmatch(cell)), None)


def doubtful(name: str, cell: str, place: str) -> Unreadable:
    """The mistake of such a number beside decimal commas."""
    reason = f"{name} in {place} is {cell!r}, and other columns have decimal commas"
    return Unreadable(reason, "write numbers without marks between thousands, and with a decimal point")


def _separator(text: str) -> str:
    """The separator of cells: the one that divides the names and the next rows alike, in the most columns."""
    head = text[: text.find("\n", HEAD) + 1 or len(text)] if len(text) > HEAD else text

    def rank(separator: str) -> tuple[bool, int]:
        names = 0
        with suppress(Unreadable):  # quotes that do not match are told when the whole is read
            names = sum(map(len, _rows(head, separator, 1)[0]))
            alike = {len(row) for row in _rows(head, separator, LOOKED_AT)[0]} == {names}
            return alike and names > 1, names
        return False, names

    return max(SEPARATORS, key=rank)


def _rows(text: str, separator: str, most: int | None = None) -> tuple[list[list[str]], list[int]]:
    """The cells of each row that is not blank, and the line that it begins in."""
    found = list(islice(_parsed(io.StringIO(text), separator), most))
    return [cells for _, cells in found], [line for line, _ in found]


def _parsed(lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """The line that each row begins in, unless it is blank, and its cells.

    Raises:
        Unreadable: quotes do not match.
    """
    line = 1
    reader = csv.reader(lines, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if len(cells) > 1 or (cells and cells[0].strip()):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        raise Unreadable(f"row {line:,} has quotes that do not match, or too long a value", SAVE) from None


class CsvPieces:
    """A file of text that is read some rows at a time."""

    def __init__(self, path: Path) -> None:
        """Look at its first rows.

        Raises:
            Unreadable: it is no table.
        """
        self.path = path
        with opened_text(path) as file:
            head = file.read(HEAD)
            head += file.readline()
        self.separator = _separator(head)
        rows, _ = _rows(head, self.separator, LOOKED_AT + 1)
        self.names = _checked(rows[0] if rows else [])
        self.has_commas = any(COMMA.fullmatch(cell) for row in rows[1:] for cell in row)

    def __iter__(self) -> Iterator[tuple[list[int], dict[str, list[str]]]]:
        """The lines of some rows, and the cells of each column.

        Raises:
            Unreadable: a row has other columns.
        """
        with opened_text(self.path) as file:
            rows = _parsed(file, self.separator)
            next(rows, None)  # the names
            while some := list(islice(rows, AT_ONCE)):
                for line, cells in some:
                    _check_width(line, cells, self.names)
                columns = zip(*(cells for _, cells in some), strict=True)
                yield [line for line, _ in some], dict(zip(self.names, map(list, columns), strict=True))


def _check_width(line: int, cells: Sequence[str], names: Sequence[str]) -> None:
    if len(cells) != len(names):
        reason = f"row {line:,} has {len(cells)} values, and there are {len(names)} columns"
        raise Unreadable(reason, "mend the row; a value that holds the separator stands in quotes")


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, which are all there, different, and no numbers.

    Raises:
        Unreadable: they are not.
    """
    for number, name in enumerate(names, 1):
        if not name:
            raise Unreadable(f"column {number} has no name", "name it in the first row, or remove the column")
        if name in names[: number - 1]:
            raise Unreadable(
                f"it needs a line of different names, and two columns are called {name}", "rename one of them"
            )
    whole = [name.isascii() and name.isdecimal() for name in names]
    numbers = [PLAIN.fullmatch(name) is not None for name in names]
    counted = all(whole) and [int(name) - int(names[0]) for name in names] == list(range(len(names)))
    if (all(numbers) and not counted) or any(a and not b for a, b in zip(numbers, whole, strict=True)):
        raise Unreadable(f"its first row holds values ({', '.join(names[:4])}), not names", "put a line of names first")
    return tuple(names)
