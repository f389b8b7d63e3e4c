"""`row`: how an operator of ATen enters the table. In-place forms are read as the others; see `reading.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = Callable[..., Any]  # (builder, **arguments by the names of the schema) -> a value, or several
ROWS: dict[str, Row] = {}
COMPLEX: dict[str, Row] = {}  # of what takes or gives complex numbers
AS_IT_IS = frozenset(  # of arguments that change nothing of what a float, a whole number or a truth value is
    {"memory_format", "layout", "device", "pin_memory", "non_blocking", "copy", "requires_grad", "names", "generator"}
)


def row(*operators: str) -> Callable[[Row], Row]:
    """Enter a function for these operators, by their names without overload."""

    def enter(function: Row) -> Row:
        for name in operators:
            ROWS[name] = function
        return function

    return enter
