"""A picture: one network or several side by side, each with its heading, in their places."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.dims import Size, substitute
from nnspec.ir import Program
from nnspec.ir.batch import batch_of
from nnspec.ir.macs import macs
from nnspec.ir.state import totals
from nnspec.picture.bend import place
from nnspec.picture.build import Scenes, View
from nnspec.picture.font import text_width
from nnspec.picture.placed import Sheet
from nnspec.record import Record

MARGIN, TITLE, BETWEEN = 24.0, 52.0, 56.0
LARGE, MIDDLE = 17.0, 11.5  # of the fonts in a heading


class Part(Record):
    """A network of a picture: its heading with its left end, and the level with its corner."""

    name: str
    counts: str
    left: float
    sheet: Sheet
    x: float
    y: float


class Figure(Record):
    """A picture in its places."""

    parts: tuple[Part, ...]
    width: float
    height: float


def figure(views: Sequence[View]) -> Figure:
    """The picture of models."""
    parts: list[Part] = []
    x, height = MARGIN, 0.0
    for view in views:
        sheet = place(Scenes(view).whole())
        name, counts = view.program.main.name, _counts(view.program)
        heading = max(text_width(name, LARGE, bold=True), text_width(counts, MIDDLE))
        corner = x + max(0.0, (heading - sheet.width) / 2)
        parts.append(Part(name, counts, x, sheet, corner, MARGIN + TITLE))
        x += max(sheet.width, heading) + BETWEEN
        height = max(height, sheet.height)
    return Figure(tuple(parts), x - BETWEEN + MARGIN, MARGIN + TITLE + height + MARGIN)


def _counts(program: Program) -> str:
    """The parameters and multiply-accumulates of a network."""
    counted = batch_of(program)
    one: dict[str, Size] = {counted.symbol: 1} if counted else {}
    cost = substitute(macs(program)[program.entry], one)
    text = f"{totals(program)[program.entry].parameters:,} parameters"
    return f"{text} · {cost:,} multiply-accumulates" if isinstance(cost, int) and cost else text
