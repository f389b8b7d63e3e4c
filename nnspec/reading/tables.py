"""Tables from files, by the names of their columns: CSV or Parquet."""

from __future__ import annotations

from pathlib import Path

from nnspec.reading.csv_table import CsvTable
from nnspec.reading.table import SAVE, Table
from nnspec.reading.unreadable import Unreadable

SUFFIXES = frozenset({".csv", ".tsv", ".tab", ".parquet"})


def open_table(path: Path, least: int = 1) -> Table:
    """The table in a file with `least` rows, one or two, or more.

    Raises:
        Unreadable: there is no such file, or it holds no table.
    """
    if path.suffix.lower() == ".parquet":
        from nnspec.reading.parquet import ParquetTable  # here: it comes with an extra of its own

        table: Table = ParquetTable(path)
    else:
        table = CsvTable(path)
    if table.rows < least:
        many = "one row" if least == 1 else "two rows"
        raise Unreadable(f"it needs a line of different names and at least {many}", SAVE)
    return table
