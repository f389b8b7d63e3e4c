"""Tables from files, by the names of their columns: CSV, Parquet or JSON lines; several files are one table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnspec.reading.csv_table import CsvTable
from nnspec.reading.json_lines import JsonLinesTable
from nnspec.reading.table import SAVE, Table, Values
from nnspec.reading.unreadable import MISSING, Unreadable

SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".parquet", ".jsonl"})


def open_table(path: Path, least: int = 1) -> Table:
    """The table in a file, or in those that a pattern names, with `least` rows, one or two, or more.

    Raises:
        Unreadable: there is no such file, or it holds no table.
    """
    files = files_at(path)
    table = _open(files[0]) if len(files) == 1 else SeveralFiles(files)
    if table.rows < least:
        many = "one row" if least == 1 else "two rows"
        raise Unreadable(f"it needs a line of different names and at least {many}", SAVE)
    return table


def files_at(path: Path) -> list[Path]:
    """The files that a path or a pattern names, or the tables in a folder, sorted.

    Raises:
        Unreadable: there is none.
    """
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
    elif "*" in path.name and not path.exists():
        found = sorted(path.parent.glob(path.name))
    else:
        return [path]
    if not found:
        raise Unreadable("there are no tables in it" if path.is_dir() else MISSING, "check the path")
    return found


def _open(path: Path) -> Table:
    match path.suffix.lower():
        case ".parquet":
            from nnspec.reading.parquet import ParquetTable  # here: it comes with an extra of its own

            return ParquetTable(path)
        case ".jsonl":
            return JsonLinesTable(path)
    return CsvTable(path)


class SeveralFiles(Table):
    """The rows of several files with the same columns, behind one another."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Open them all.

        Raises:
            Unreadable: one holds no table, or has other columns than the first.
        """
        self._files = files
        self._tables = [_open(file) for file in files]
        self.names = self._tables[0].names
        for file, table in zip(files, self._tables, strict=True):
            if set(table.names) != set(self.names):
                odd = sorted(set(table.names) ^ set(self.names))
                raise Unreadable(
                    f"{file.name} and {files[0].name} differ in {', '.join(odd)}", "take files of one kind"
                )
        self.rows = sum(table.rows for table in self._tables)
        self.notes = {}

    def place(self, index: int) -> str:
        """The row of a value, with its file."""
        for file, table in zip(self._files, self._tables, strict=True):
            if index < table.rows:
                return f"{table.place(index)} of {file.name}"
            index -= table.rows
        raise IndexError(index)

    def values(self, name: str) -> Values:
        """A column as numbers where all files have numbers, and else as texts.

        Raises:
            Unreadable: it cannot be read in one way.
        """
        parts = [table.values(name) for table in self._tables]
        told = [table.notes[name] for table in self._tables if name in table.notes]
        self.notes.update({name: told[0]} if told else {})
        numbers = [part for part in parts if isinstance(part, np.ndarray)]
        return np.concatenate(numbers) if len(numbers) == len(parts) else self.texts(name)

    def texts(self, name: str) -> list[str]:
        """A column as it is written."""
        return [text for table in self._tables for text in table.texts(name)]
