"""`row`: how an operator of ATen enters the table. In-place forms are read as the others; see `reading.py`."""

from __future__ import annotations

from nnspec.importing.table import Row, entering

ROWS: dict[str, Row] = {}  # a row takes the builder, and arguments by the names of the schema
COMPLEX: dict[str, Row] = {}  # of what takes or gives complex numbers
AS_IT_IS = frozenset(  # of arguments that change nothing of what a float, a whole number or a truth value is
    {"memory_format", "layout", "device", "pin_memory", "non_blocking", "copy", "requires_grad", "names", "generator"}
)

row = entering(ROWS)  # by names of operators without overload
complex_row = entering(COMPLEX)
