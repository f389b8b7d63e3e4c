"""`row` and `refuse`: how an operator of ONNX enters the table: with a function that says it in layers, or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Row = Callable[..., Any]  # (builder, *inputs, **attributes) -> a value, or several
ROWS: dict[str, Row] = {}  # by operator, with its domain unless that is the standard one
REFUSED: dict[str, str] = {}  # the reason, by operator
WRITTEN_OUT: set[str] = set()  # operators that are read as the functions that ONNX defines them by
COMPUTED: set[str] = set()  # operators that only make numbers, and are computed while reading


def row(*operators: str) -> Callable[[Row], Row]:
    """Enter a function for these operators."""

    def enter(function: Row) -> Row:
        for name in operators:
            ROWS[name] = function
        return function

    return enter


def refuse(reason: str, operators: Iterable[str]) -> None:
    """Enter operators that no layer says."""
    REFUSED.update(dict.fromkeys(operators, reason))
