"""`grid`: the table of relative positions in a grid, by which attention finds its biases, as arithmetic of positions.

The places of a picture are numbered row by row. What a table says of two of them is made of how many rows and columns
they are apart, with or without a sign; the first of the two may be every second or fourth place, as where pictures
shrink.
"""

from __future__ import annotations

from typing import Any

import torch

from nnspec.importing import syntax
from nnspec.syntax import tree

LEAST = 64  # numbers, fewer of which are written as they are
_STEPS = (1, 2, 4)


def grid(data: torch.Tensor) -> Any:
    """A table of whole numbers as an expression; None where it is no such table."""
    if data.numel() < LEAST or data.dim() > 2:
        return None
    side = round(data.numel() ** 0.5)
    if data.dim() == 1 and side * side != data.numel():
        return None
    table = data.to(torch.int64).reshape(side, side) if data.dim() == 1 else data.to(torch.int64)
    for width in (each for each in range(1, table.shape[1] + 1) if table.shape[1] % each == 0):
        for step in _STEPS:
            found = _of_width(table, width, step)
            if found is not None:
                return syntax.chain(found, syntax.call("Flatten", syntax.plain(0))) if data.dim() == 1 else found
    return None


def _of_width(table: torch.Tensor, width: int, step: int) -> Any:
    height, count = table.shape[1] // width, table.shape[0]
    columns = -(-width // step)
    if count != columns * -(-height // step):
        return None
    first, second = torch.arange(count), torch.arange(table.shape[1])
    down = (first // columns * step)[:, None] - second // width
    along = (first % columns * step)[:, None] - second % width
    start = int(table[0, 0])
    by_row = int(table[0, width]) - start if height > 1 else 0
    by_column = int(table[0, 1]) - start if width > 1 else 0
    if torch.equal(table, by_row * down.abs() + by_column * along.abs() + start):
        apart = [(by_row, _apart(count, columns, table.shape[1], width, step, "//")),
                 (by_column, _apart(count, columns, table.shape[1], width, step, "%"))]  # fmt: skip
        return _sum([(factor, syntax.call("abs", each)) for factor, each in apart], start)
    if torch.equal(table, -by_row * down - by_column * along + start):
        apart = [(-by_row, _apart(count, columns, table.shape[1], width, step, "//")),
                 (-by_column, _apart(count, columns, table.shape[1], width, step, "%"))]  # fmt: skip
        return _sum(apart, start)
    return None


def _apart(count: int, columns: int, places: int, width: int, step: int, sign: str) -> Any:
    """How many rows (`//`) or columns (`%`) two places are apart."""
    first, second = _part(count, columns, sign), _part(places, width, sign)
    first = first if step == 1 else syntax.binary("*", first, syntax.plain(step))
    upright = syntax.chain(first, syntax.call("Unsqueeze", syntax.plain(1)))
    return syntax.binary("-", syntax.tuple_of(syntax.fed(upright)), second)


def _part(count: int, width: int, sign: str) -> Any:
    places = syntax.call("Range", syntax.plain(count))
    return places if (sign, width) == ("//", 1) else syntax.binary(sign, places, syntax.plain(width))


def _sum(terms: list[tuple[int, Any]], start: int) -> Any:
    made = None
    for factor, term in terms:
        if factor:
            each = term if abs(factor) == 1 else syntax.binary("*", syntax.plain(factor), term)
            each = tree.Negate(0, 0, each) if factor == -1 else each
            made = each if made is None else syntax.binary("+", made, each)
    return made if start == 0 or made is None else syntax.binary("+", made, syntax.plain(start))
