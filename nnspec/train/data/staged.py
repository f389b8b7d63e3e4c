"""Large tables: their columns are written to files, some rows at a time, and mapped into memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from pathlib import Path

import numpy as np

from nnspec.reading.arrays import Array
from nnspec.reading.csv_table import CsvPieces, doubtful, thousands
from nnspec.reading.json_lines import JsonPieces
from nnspec.reading.many_texts import Coded, ManyTexts, Written
from nnspec.reading.numbers import is_missing, numbers_of, plain_numbers
from nnspec.reading.parquet import ParquetTable
from nnspec.reading.table import SAVE, Table, Values
from nnspec.reading.tables import files_at, open_table
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.spool import Spool, is_large
from nnspec.train.supply import Supply

DIFFERENT = 65_536  # texts of a column that are numbered, at most
UNPACKED = 8  # times its size: that a file takes in memory
ONE_KIND = "give all files the same columns of the same types"


def table_of(path: Path, least: int, supply: Supply) -> Table:
    """The table at a path, or in the files of a pattern; a large one is read some rows at a time.

    Raises:
        Unreadable: there is no such file, or it holds no table.
    """
    files = files_at(path)
    kinds = {file.suffix.lower() for file in files}
    size = sum(file.stat().st_size for file in files if file.is_file())
    if not is_large(UNPACKED * size) or len(kinds) > 1:
        return open_table(path, least)
    return StagedTable(files, supply)


class StagedTable(Table):
    """Columns in files: numbers of 64 bits, and texts as they are written."""

    def __init__(self, files: Sequence[Path], supply: Supply) -> None:
        """Read all files once.

        Raises:
            Unreadable: one holds no table, or has other columns than the first.
        """
        self.files = files
        self.kind = files[0].suffix.lower()
        self.typed = self.kind in (".parquet", ".jsonl")  # so that numbers are told from texts
        self.spool = Spool(supply, files[0].name)
        self.has_commas, self.rows, self.notes = False, 0, {}
        self.starts: list[int] = []
        self.odd: dict[str, Unreadable] = {}  # columns that cannot be read
        self.texts_in: set[str] = set()  # columns that are not made of plain numbers
        self.doubtful: dict[str, tuple[int, str]] = {}  # cells with points that may stand between thousands
        self._ends: dict[str, int] = {}
        for file in files:
            self.starts.append(self.rows)
            try:
                for lines, columns in self._pieces(file):
                    self._add(lines, columns)
            except Unreadable as error:
                if len(files) == 1:
                    raise
                raise Unreadable(f"{file.name}: {error.reason}", error.advice) from None
        if self.rows < 2:
            raise Unreadable("it needs a line of different names and at least two rows", SAVE)
        self.arrays = self.spool.arrays()

    def _pieces(self, file: Path) -> Iterator[tuple[Sequence[int], Mapping[str, Values | Unreadable]]]:
        """The lines and the columns of some rows of a file."""
        if self.kind == ".jsonl":
            lines = JsonPieces(file)
            self._take(file, lines.names)
            for name in lines.names:
                mixed = lines.mixed(name)
                if mixed is not None:
                    self.odd.setdefault(name, mixed)
            yield from lines
            return
        if self.kind == ".parquet":
            packed = ParquetTable(file, whole=False)
            self._take(file, packed.names)
            for columns in packed.pieces():
                yield (), columns
            return
        written = CsvPieces(file)
        self._take(file, written.names)
        self.has_commas |= written.has_commas
        yield from written

    def _take(self, file: Path, names: tuple[str, ...]) -> None:
        if file == self.files[0]:
            self.names = names
        elif set(names) != set(self.names):
            odd = ", ".join(sorted(set(names) ^ set(self.names)))
            raise Unreadable(f"{file.name} and {self.files[0].name} differ in {odd}", "take files of one kind")

    def _add(self, lines: Sequence[int], columns: Mapping[str, Values | Unreadable]) -> None:
        count = 0
        for number, name in enumerate(self.names):
            cells = columns[name]
            if isinstance(cells, Unreadable):
                self.odd.setdefault(name, cells)
            elif isinstance(cells, np.ndarray):
                count = len(cells)
                self.spool.add(f"{number} numbers", cells)
            else:
                count = len(cells)
                self._add_texts(number, name, cells)
        if lines:
            self.spool.add("lines", np.array(lines, np.int64))
        self.rows += count

    def _add_texts(self, number: int, name: str, cells: Sequence[str]) -> None:
        written = [cell.encode("utf-8", "surrogatepass") for cell in cells]
        ends = np.cumsum([len(each) for each in written]) + self._ends.get(name, 0)
        self._ends[name] = int(ends[-1])
        self.spool.add(f"{number} text", np.frombuffer(b"".join(written), np.uint8))
        self.spool.add(f"{number} ends", ends.astype(np.int64))
        numbers = None if self.typed or name in self.texts_in else plain_numbers(cells)
        if numbers is None:
            self.texts_in.add(name)
            return
        self.spool.add(f"{number} numbers", numbers)
        index = thousands(cells)
        if index is not None:
            self.doubtful.setdefault(name, (self.rows + index, cells[index]))

    def place(self, index: int) -> str:
        """The row of a value, with its file where there are several."""
        if "lines" in self.arrays:
            row = int(self.arrays["lines"][index])
        else:
            row = index + 1 - max(start for start in self.starts if start <= index)
        words = "line" if self.kind == ".jsonl" else "row"
        if len(self.files) == 1:
            return f"{words} {row:,}"
        return f"{words} {row:,} of {self.files[int(np.searchsorted(self.starts, index, side='right')) - 1].name}"

    def release(self) -> None:
        """Forget the columns; places are told as before."""
        self.arrays = {name: array for name, array in self.arrays.items() if name == "lines"}

    def texts(self, name: str) -> ManyTexts:
        """A column as it is written; "" where a value is missing."""
        number = self.names.index(name)
        if f"{number} ends" not in self.arrays:
            numbers = self._column(name, "numbers")
            return Coded.of_numbers(numbers, _typed) if self.kind == ".jsonl" else Coded.of_numbers(numbers)
        change = str if self.typed else _shown
        return Written(self._column(name, "text"), self._column(name, "ends"), change)

    def values(self, name: str) -> Values:
        """A column as numbers where it is made of them, and else as texts.

        Raises:
            Unreadable: it cannot be read in one way.
        """
        if name in self.odd:
            raise self.odd[name]
        if f"{self.names.index(name)} ends" not in self.arrays:
            return self._column(name, "numbers")
        if name not in self.texts_in:
            if self.has_commas and name in self.doubtful:
                index, cell = self.doubtful[name]
                raise doubtful(name, cell, self.place(index))
            return self._column(name, "numbers")
        return self._values_of_texts(name)

    def _values_of_texts(self, name: str) -> Values:
        """A column that is not of plain numbers alone."""
        whole = Written(self._column(name, "text"), self._column(name, "ends"))
        coded, first, complete = _coded(whole)
        if self.typed:
            return coded if complete else whole
        counts = np.bincount(coded.codes, minlength=len(coded.distinct)).tolist()
        found = numbers_of(name, coded.distinct, lambda index: self.place(first[index]), counts)
        if found is None:
            return coded.changed(_shown) if complete else self.texts(name)
        if not complete:
            found = numbers_of(name, list(whole), self.place)
            if found is None:
                return self.texts(name)
        numbers, note = found
        if note:
            self.notes[name] = note
        return numbers[coded.codes] if complete else numbers

    def _column(self, name: str, kind: str) -> Array:
        array = self.arrays[f"{self.names.index(name)} {kind}"]
        if kind != "text" and len(array) != self.rows:
            raise Unreadable(f"column {name} has numbers in some files, and texts in others", ONE_KIND)
        return array


def _typed(number: float) -> str:
    """A number of JSON among texts."""
    return "" if isnan(number) else f"{number:.15g}"


def _shown(cell: str) -> str:
    """A cell of a column of texts."""
    return "" if is_missing(cell) else cell


def _coded(texts: ManyTexts) -> tuple[Coded, list[int], bool]:
    """The different texts, where each is first, and whether these are all: no more are looked for than are numbered."""
    index: dict[str, int] = {}
    first: list[int] = []
    codes = np.empty(len(texts), np.int32)
    for place, text in enumerate(texts):
        code = index.get(text)
        if code is None:
            if len(index) == DIFFERENT:
                return Coded(list(index), codes[:place]), first, False
            code = index[text] = len(index)
            first.append(place)
        codes[place] = code
    return Coded(list(index), codes), first, True
