"""A scene in its places: each level is laid out on its own, from the inside out, then put at its absolute place.

Sizes follow from the widths of texts alone (`font.py`), so that the same scene is the same picture everywhere.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Literal

from nnspec.picture.font import text_width
from nnspec.picture.layered.graph import Item, Link, Point
from nnspec.picture.layered.layout import layout
from nnspec.picture.scene import Box, Level, Strip, Wire
from nnspec.record import Record

STRIP = 22.0  # the height of a line of a box
SIDE = 9.0  # between the border of a box and its words
BETWEEN = 5.0  # between words of a line
HEADING = 24.0  # of an open block
INSET = 14.0  # between the border of an open block and what is inside
CARD = 3.0  # by which each of the two cards behind a repeat is moved
CIRCLE = 22.0  # across a box that joins
SIZE, SMALL = 11.5, 10.0  # of the font

_END: dict[str, Literal["first", "last"]] = {"input": "first", "output": "last"}


class Words(Record):
    """A text in a line, from its left end."""

    text: str
    style: str  # `name`, `label`, `about`, `count`, `times`
    width: float


class Plate(Record):
    """A box in its place: the corner and size of its plate, and the level inside."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    inside: Sheet | None


class Sheet(Record):
    """A level in its place."""

    level: Level
    x: float
    y: float
    width: float
    height: float
    plates: tuple[Plate, ...]
    routes: tuple[tuple[Point, ...], ...]  # of the wires, in order


class _Sized(Record):
    """A box with its size, and the level inside laid out from the origin."""

    item: Item
    inside: Sheet | None


def words(strip: Strip) -> tuple[Words, ...]:
    """The words of a line of a box, in order; the count of parameters is the last one, and stands to the right."""
    found = [("label", strip.label and (f"{strip.label}:" if strip.name else strip.label)), ("name", strip.name)]
    found += [("about", strip.about), ("times", strip.times)]
    found += [("note", note) for note in strip.notes] + [("mark", strip.mark)]
    found.append(("count", f"{strip.parameters:,}" if strip.parameters else ""))
    return tuple(Words(text, style, word_width(text, style)) for style, text in found if text)


def word_width(text: str, style: str) -> float:
    """The width of a text in a style."""
    bold = style in ("name", "times", "mark")
    return text_width(text, SMALL if style in ("count", "note", "mark", "shape", "port") else SIZE, bold=bold)


def strip_width(strip: Strip) -> float:
    """The width of a line of a box."""
    parts = words(strip)
    extra = 8.0 if parts[-1].style == "count" and len(parts) > 1 else 0.0
    return sum(each.width for each in parts) + BETWEEN * (len(parts) - 1) + extra + 2 * SIDE


def laid_out(level: Level, *, inner: bool = False, aside: Set[int] = frozenset()) -> Sheet:
    """A level with its left upper corner at the origin; what is inside boxes is told from their corners.

    Args:
        level: the level.
        inner: whether it is inside a block, whose border its inputs and outputs lie on.
        aside: boxes that stand to the left of others.
    """
    named = inner and sum(box.kind == "input" for box in level.boxes) > 1
    sized = [_size(index, box, level, inner, named) for index, box in enumerate(level.boxes)]
    links = [Link(wire.source, wire.target, wire.value, wire.place) for wire in level.wires]
    items = [each.item.replace(aside=True) if index in aside else each.item for index, each in enumerate(sized)]
    found = layout(items, links)
    plates = []
    for box, each, (x, y) in zip(level.boxes, sized, found.centres, strict=True):
        corner = x - each.item.width / 2, y - each.item.height / 2
        plates.append(Plate(box, *corner, each.item.width, each.item.height - cards(box), each.inside))
    return Sheet(level, 0.0, 0.0, found.width, found.height, tuple(plates), found.routes)


def cards(box: Box) -> float:
    """The room that the cards behind a repeat take to the right and below."""
    return 2 * CARD if box.repeated else 0.0


def turned(sheet: Sheet) -> Sheet:
    """A level that flows up."""
    plates = []
    for plate in sheet.plates:
        y = sheet.height - plate.y - plate.height - cards(plate.box)
        plates.append(plate.replace(y=y, inside=plate.inside and turned(plate.inside)))
    routes = tuple(tuple((x, sheet.height - y) for x, y in route) for route in sheet.routes)
    return sheet.replace(plates=tuple(plates), routes=routes)


def _size(index: int, box: Box, level: Level, inner: bool, named: bool) -> _Sized:
    leaving = list({wire.value: wire for wire in level.wires if wire.source == index}.values())
    end = _END.get(box.kind)
    if inner and end:
        beside = 5.0 + word_width(box.strips[0].name, "port") if named and box.kind == "input" else 0.0
        return _Sized(Item(2.0, 0.0, beside, beside > 0.0, end), None)
    if box.inside is not None:
        return _open(box)
    shapes = [word_width(wire.shape, "shape") for wire in leaving]
    joins = box.kind == "join" and sum(wire.target == index for wire in level.wires) < 4
    width = CIRCLE if joins else max(strip_width(strip) for strip in box.strips)
    if len(shapes) > 1:
        width = max(width, sum(shapes) + 14.0 * len(shapes))
    leaves, at = {}, -width / 2 + 10.0
    for wire, length in zip(leaving, shapes, strict=True):
        leaves[wire.value] = at if len(shapes) > 1 else 0.0
        at += length + 14.0
    beside = max((leaves[w.value] + 5.0 + s for w, s in zip(leaving, shapes, strict=True) if w.shape), default=0.0)
    height = CIRCLE if joins else STRIP * len(box.strips)
    beside = max(beside, width / 2 + cards(box) if box.repeated else 0.0)
    return _Sized(Item(width, height + cards(box), beside, any(shapes), end, joins, leaves=leaves), None)


def _open(box: Box) -> _Sized:
    """The size of an open block, which follows from what is inside."""
    assert box.inside is not None
    sheet = laid_out(box.inside, inner=True)
    heading = strip_width(box.strips[0])
    width = max(sheet.width + 2 * INSET, heading + 14.0)
    left = (width - sheet.width) / 2
    offsets = {"input": list[float](), "output": list[float]()}
    for plate in sheet.plates:
        if plate.box.kind in offsets:
            offsets[plate.box.kind].append(left + plate.x + plate.width / 2 - width / 2)
    reaches = dict(enumerate(offsets["input"]))
    for place in range(len(reaches), len(box.takes)):  # what decides among experts is no input of theirs
        reaches[place] = width / 2 - 16.0 * (len(box.takes) - place)
    leaves = dict(zip(box.gives, offsets["output"], strict=False))
    beside = width / 2 + cards(box) if box.repeated else 0.0
    height = HEADING + sheet.height + cards(box)
    return _Sized(Item(width, height, beside, leaves=leaves, reaches=reaches), sheet.replace(x=left, y=HEADING))


def moved(sheet: Sheet, x: float, y: float) -> Sheet:
    """A level that lies at a place, with all that is inside."""
    plates = tuple(_plate_moved(plate, x, y) for plate in sheet.plates)
    routes = tuple(tuple((a + x, b + y) for a, b in route) for route in sheet.routes)
    return Sheet(sheet.level, x, y, sheet.width, sheet.height, plates, routes)


def _plate_moved(plate: Plate, x: float, y: float) -> Plate:
    at = plate.x + x, plate.y + y
    inside = plate.inside and moved(plate.inside, at[0] + plate.inside.x, at[1] + plate.inside.y)
    return Plate(plate.box, *at, plate.width, plate.height, inside)


def wires_of(sheet: Sheet) -> list[tuple[Wire, tuple[Point, ...]]]:
    """The wires of a level with their routes."""
    return list(zip(sheet.level.wires, sheet.routes, strict=True))
