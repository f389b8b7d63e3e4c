"""The columns of a Parquet file, read in parts; only numbers and texts of it are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

from nnspec.diagnostics import Span
from nnspec.extras import need
from nnspec.train.data.columns import Column
from nnspec.train.data.fail import RELATIVE, need_room, refuse

if TYPE_CHECKING:
    import pyarrow

ROWS = 65_536  # that are read at a time


def parquet_columns(path: Path, span: Span | None) -> dict[str, Column]:
    """The columns by name.

    Raises:
        SpecError: pyarrow is not installed; the file cannot be read, has fewer than two rows, or some value is missing
            or neither a finite number nor a text.
    """
    need("a Parquet file", "pyarrow")
    import pyarrow  # here: it comes with an extra of its own
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, pre_buffer=False) as file:
            form, names = file.metadata, file.schema_arrow.names
            groups = [form.row_group(index) for index in range(form.num_row_groups)]
            need_room(path, 8 * form.num_rows * len(names) + sum(group.total_byte_size for group in groups), span)
            if form.num_rows < 2 or len(set(names)) < len(names):
                refuse(path, "it needs different names and at least two rows", "write it again", span)
            return _read(path, file, span)
    except FileNotFoundError:
        refuse(path, "there is no such file", RELATIVE, span)
    except (pyarrow.ArrowException, OSError) as error:
        refuse(path, f"it cannot be read ({str(error).splitlines()[0]})", "write it again", span)


def _read(path: Path, file: pyarrow.parquet.ParquetFile, span: Span | None) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    row, rows = 0, file.metadata.num_rows
    for batch in file.iter_batches(ROWS):
        for name in batch.schema.names:
            part = _part(path, name, batch.column(name), row, span)
            if isinstance(part, list):
                column = columns.setdefault(name, [])
                assert isinstance(column, list)
                column += part
            else:
                column = columns.setdefault(name, np.empty(rows))
                assert not isinstance(column, list)
                column[row : row + len(part)] = part
        row += batch.num_rows
    return columns


def _part(path: Path, name: str, array: pyarrow.Array, row: int, span: Span | None) -> Column:
    """Some rows of a column, of which `row` is the number of the first."""
    from pyarrow import types  # here: see above

    def fail(reason: str, advice: str) -> NoReturn:
        refuse(path, reason, advice, span)

    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.null_count:
        place = row + array.is_null().index(True).as_py() + 1
        fail(f"row {place:,} has no value for {name}", "fill it in, or remove the row")
    if types.is_string(array.type) or types.is_large_string(array.type) or types.is_string_view(array.type):
        return [text.strip() for text in array.to_pylist()]
    if not any(is_kind(array.type) for is_kind in (types.is_integer, types.is_floating, types.is_boolean)):
        fail(f"column {name} has elements of type {array.type}", "make them numbers or texts, or leave the column out")
    numbers: NDArray[np.float64] = array.to_numpy(zero_copy_only=False).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        fail(f"row {row + int(bad[0]) + 1:,} has no finite number for {name}", "fill it in, or remove the row")
    return numbers
