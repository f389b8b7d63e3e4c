"""`row` and `refuse`: how an operator of ONNX enters the table: with a function that says it in layers, or a reason."""

from __future__ import annotations

from collections.abc import Iterable

from nnspec.importing.table import Row, entering

ROWS: dict[
    str, Row
] = {}  # by operator, with its domain unless that is the standard one: (builder, *inputs, **attributes)
REFUSED: dict[str, str] = {}  # the reason, by operator
WRITTEN_OUT: set[str] = set()  # operators that are read as the functions that ONNX defines them by
COMPUTED: set[str] = set()  # operators that only make numbers, and are computed while reading


row = entering(ROWS)


def refuse(reason: str, operators: Iterable[str]) -> None:
    """Enter operators that no layer says."""
    REFUSED.update(dict.fromkeys(operators, reason))
