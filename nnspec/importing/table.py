"""`entering`: how an operator enters a table, with a function that says it in layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = Callable[..., Any]  # (builder, what the operator is given) -> a value, or several


def entering(table: dict[str, Row]) -> Callable[..., Callable[[Row], Row]]:
    """A decorator that enters a function in a table for the operators that it is given."""

    def row(*operators: str) -> Callable[[Row], Row]:
        def enter(function: Row) -> Row:
            table.update(dict.fromkeys(operators, function))
            return function

        return enter

    return row
