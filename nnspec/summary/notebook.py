"""A summary as HTML for notebooks; every text is escaped."""

from __future__ import annotations

from html import escape

from nnspec.summary.figures import Figures
from nnspec.summary.rows import Row
from nnspec.summary.table import HEADINGS, count, head, shapes, totals

_LEFT = ' style="text-align: left"'
_RIGHT = ' style="text-align: right"'


def page(summary: Figures) -> str:
    """The table and its totals."""
    heading = "".join(f"<th{_LEFT if index < 2 else _RIGHT}>{text}</th>" for index, text in enumerate(HEADINGS))
    rows = "".join(map(_row, summary.rows))
    below = "".join(
        f"<tr><td{_LEFT}>{escape(what)}</td><td{_LEFT} colspan=3>{escape(amount)}</td></tr>"
        for what, amount in totals(summary)
    )
    title = "<br>".join(escape(line.strip()) for line in head(summary))
    return (
        f"<table><caption{_LEFT}>{title}</caption>"
        f"<thead><tr>{heading}</tr></thead><tbody>{rows}</tbody><tfoot>{below}</tfoot></table>"
    )


def _row(row: Row) -> str:
    indent = f' style="text-align: left; padding-left: {1.5 * (row.depth - 1) + 0.5}em"'
    return (
        f"<tr><td{indent}>{escape(row.title)}</td><td{_LEFT}>{escape(shapes(row.outputs))}</td>"
        f"<td{_RIGHT}>{row.parameters:,}</td><td{_RIGHT}>{escape(count(row.macs))}</td></tr>"
    )
