"""The columns of a Parquet file, each read in parts when it is asked for; only numbers and texts are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.extras import need
from nnspec.reading.numbers import Numbers
from nnspec.reading.room import check_room
from nnspec.reading.table import Table, Values
from nnspec.reading.unreadable import FETCH, Unreadable, opening

ROWS = 65_536  # that are read at a time
FEW = 8_192  # with all columns


class ParquetTable(Table):
    """A file of columns with types of their own."""

    def __init__(self, path: Path, whole: bool = True) -> None:
        """Read what the file says of its columns.

        Args:
            path: of the file.
            whole: whether columns are read as a whole, for which there must be room.

        Raises:
            SpecError: pyarrow is not installed.
            Unreadable: it is no Parquet file, or would take too much memory.
        """
        need("a Parquet file", "pyarrow")
        self.path = path
        with self._opened() as file:
            form = file.metadata
            groups = [form.row_group(index) for index in range(form.num_row_groups)]
            self.names = tuple(file.schema_arrow.names)
            self.rows, self.notes = int(form.num_rows), {}
            size = 8 * self.rows * len(self.names) + sum(group.total_byte_size for group in groups)
        if whole:
            check_room(size, path.stat().st_size)
        if len(set(self.names)) < len(self.names):
            raise Unreadable("it needs different names of columns", "rename some of them")

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        from pyarrow import parquet  # here: it comes with an extra of its own

        with opening(self.path), self.path.open("rb"):
            pass
        try:
            with parquet.ParquetFile(self.path, pre_buffer=False) as file:
                yield file
        except Unreadable:
            raise
        except Exception:  # damaged files come out of pyarrow as any kind of error
            raise Unreadable("it cannot be read: it is damaged, or no Parquet file", FETCH) from None

    def pieces(self) -> Iterator[dict[str, Values | Unreadable]]:
        """The columns of some rows, group by group; those that cannot be read with the reason."""
        row = 0
        with self._opened() as file:
            for batch in file.iter_batches(FEW):
                yield {name: self._piece(name, batch.column(name), row) for name in self.names}
                row += batch.num_rows

    def _piece(self, name: str, array: Any, row: int) -> Values | Unreadable:
        try:
            return self._part(name, array, row)
        except Unreadable as error:
            return error

    def texts(self, name: str) -> list[str]:
        """A column of texts, or of numbers as short as they can be written."""
        values = self.values(name)
        return [f"{number:g}" for number in values] if isinstance(values, np.ndarray) else list(values)

    def values(self, name: str) -> Values:
        """A column as its type says.

        Raises:
            Unreadable: it is of other things than numbers and texts, or has numbers that are not finite.
        """
        parts: list[Values] = []
        row = 0
        with self._opened() as file:
            for batch in file.iter_batches(ROWS, columns=[name]):
                parts.append(self._part(name, batch.column(0), row))
                row += batch.num_rows
        if row != self.rows:
            raise Unreadable(f"column {name} has {row:,} rows, and the file {self.rows:,}", FETCH)
        if parts and not isinstance(parts[0], np.ndarray):
            return [text for part in parts for text in part]
        return np.concatenate([part for part in parts if isinstance(part, np.ndarray)] or [np.empty(0)])

    def _part(self, name: str, array: Any, row: int) -> Values:
        """Some rows of a column, of which the first is `row`."""
        from pyarrow import types  # here: see above

        if types.is_dictionary(array.type):
            array = array.dictionary_decode()
        if types.is_string(array.type) or types.is_large_string(array.type) or types.is_string_view(array.type):
            return ["" if text is None else text.strip() for text in array.to_pylist()]
        if types.is_null(array.type):
            return np.full(len(array), np.nan)
        if not any(is_kind(array.type) for is_kind in (types.is_integer, types.is_floating, types.is_boolean)):
            reason = f"column {name} has elements of type {array.type}"
            raise Unreadable(reason, "make them numbers or texts, or leave the column out")
        numbers: Numbers = array.cast("float64", safe=False).to_numpy(zero_copy_only=False) if (
            not types.is_boolean(array.type)
        ) else array.cast("int8").cast("float64").to_numpy(zero_copy_only=False)  # fmt: skip
        infinite = np.flatnonzero(np.isinf(numbers))
        if len(infinite):
            reason = f"{self.place(row + int(infinite[0]))} has no finite number for {name}"
            raise Unreadable(reason, "write a finite one, or remove the row")
        return numbers
