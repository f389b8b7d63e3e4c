"""Rows of texts as aligned columns."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, numbers: bool = False) -> list[str]:
    """A line for every row; all columns to the left, or all but the first to the right where they are `numbers`."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_placed(row, widths, numbers)).rstrip() for row in rows]


def _placed(row: Sequence[str], widths: list[int], numbers: bool) -> list[str]:
    cells = enumerate(zip(row, widths, strict=True))
    return [cell.rjust(width) if numbers and place else cell.ljust(width) for place, (cell, width) in cells]
