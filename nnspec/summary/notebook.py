"""A summary as HTML for notebooks; every text is escaped."""

from __future__ import annotations

from html import escape

from nnspec.summary.columns import Column
from nnspec.summary.figures import Figures
from nnspec.summary.row import Row
from nnspec.summary.table import columns, head, totals

_LEFT = ' style="text-align: left"'
_RIGHT = ' style="text-align: right"'


def page(summary: Figures) -> str:
    """The table and its totals."""
    shown = columns()
    heading = "".join(f"<th{_side(column)}>{column.heading}</th>" for column in shown)
    rows = "".join(_row(summary, row, shown) for row in summary.rows)
    below = "".join(
        f"<tr><td{_LEFT}>{escape(what)}</td><td{_LEFT} colspan={len(shown) - 1}>{escape(amount)}</td></tr>"
        for what, amount in totals(summary)
    )
    title = "<br>".join(escape(line.strip()) for line in head(summary))
    return (
        f"<table><caption{_LEFT}>{title}</caption>"
        f"<thead><tr>{heading}</tr></thead><tbody>{rows}</tbody><tfoot>{below}</tfoot></table>"
    )


def _row(summary: Figures, row: Row, shown: list[Column]) -> str:
    indent = f' style="text-align: left; padding-left: {1.5 * (row.depth - 1) + 0.5}em"'
    first, *others = (f">{escape(column.text(row, summary))}</td>" for column in shown)
    cells = (f"<td{_side(column)}{text}" for column, text in zip(shown[1:], others, strict=True))
    return f"<tr><td{indent}{first}{''.join(cells)}</tr>"


def _side(column: Column) -> str:
    return _RIGHT if column.number else _LEFT
