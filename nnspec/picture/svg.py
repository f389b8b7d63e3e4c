"""A picture as SVG: one file without anything from outside, light or dark as the reader's screen is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from nnspec.picture import placed
from nnspec.picture.description import description
from nnspec.picture.families import COLOURS, NIGHT, Family
from nnspec.picture.figure import LARGE, MIDDLE, Figure, Part
from nnspec.picture.font import FAMILY, text_width
from nnspec.picture.layered.graph import Point
from nnspec.picture.placed import BETWEEN, CARD, SIDE, SIZE, SMALL, STRIP, Plate, Sheet, wires_of, words
from nnspec.picture.scene import Strip, Wire

_RADIUS = 4.0
_CORNER = 5.0  # of lines


def svg(figure: Figure) -> str:
    """The text of the file."""
    names = ", ".join(part.name for part in figure.parts)
    width, height = _number(figure.width), _number(figure.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-labelledby="title description" font-family="{FAMILY}" font-size="{SIZE:g}">'
    )
    parts = [line for part in figure.parts for line in _part(part)]
    text = " ".join(description(part.name, part.counts, part.sheet.level) for part in figure.parts)
    lines = [
        head,
        f'<title id="title">{escape(names)}</title>',
        f'<desc id="description">{escape(text)}</desc>',
        f"<style>{style()}</style>",
        f'<rect class="paper" width="{width}" height="{height}"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


_STYLES = {"name": "bold", "about": "", "times": "bold times", "mark": "bold mark"}
_MARKS = {"new": ("#1a7f37", "#57d27b"), "gone": ("#b3261e", "#ff8a80"), "changed": ("#8a5a00", "#f2b84b")}
_LOOKS = (
    "text{fill:%s}.muted{fill:%s}.times{fill:%s}.paper{fill:%s}"
    ".wire{fill:none;stroke:%s;stroke-width:1.2}.head{fill:%s}"
)


def style() -> str:
    """The colours, by day and by night."""
    day = _LOOKS % ("#1c2733", "#51606e", "#8a3b12", "#fff", "#6b7885", "#6b7885") + _colours(COLOURS) + _marks(0)
    night = _LOOKS % ("#e4e9ee", "#a9b4bf", "#f0a878", "#12171d", "#8a97a4", "#8a97a4") + _colours(NIGHT) + _marks(1)
    still = ".bold{font-weight:bold}[data-kind=tap] rect{stroke-dasharray:3 2}"
    return f"{day}{still}@media (prefers-color-scheme:dark){{{night}}}"


def _marks(time: int) -> str:
    """The colours of what is new, gone and changed; its boxes have thick borders."""
    found = ""
    for mark, colours in _MARKS.items():
        border = f".marked-{mark}>.plate,.marked-{mark}>.strip"
        found += f"{border}{{stroke:{colours[time]};stroke-width:3}}.mark-{mark}{{fill:{colours[time]}}}"
    return found


def _colours(table: dict[Family, tuple[str, str]]) -> str:
    return "".join(f".{family}{{fill:{fill};stroke:{line}}}" for family, (fill, line) in table.items())


def _part(part: Part) -> Iterator[str]:
    yield _text(part.name, part.left, part.y - 36, text_width(part.name, LARGE, bold=True), "bold", LARGE)
    yield _text(part.counts, part.left, part.y - 18, text_width(part.counts, MIDDLE), "muted", MIDDLE)
    yield f'<g transform="translate({_number(part.x)} {_number(part.y)})">'
    yield from sheet_lines(part.sheet)
    yield "</g>"


def sheet_lines(sheet: Sheet) -> Iterator[str]:
    """The elements of a level and all that is inside: boxes, then the lines between them."""
    for plate in sheet.plates:
        yield from _plate(plate)
    said: set[tuple[int, str]] = set()
    for wire, route in wires_of(sheet):
        yield from _wire(sheet, wire, route, said)


def _plate(plate: Plate) -> Iterator[str]:
    box = plate.box
    if plate.height < 1:  # an input or output of an open block is the end of a line
        return
    title = escape(_title(plate))
    data = f' data-path="{escape(box.path)}"' if box.path else ""
    marked = next((f" marked-{strip.mark}" for strip in box.strips if strip.mark), "")
    yield f'<g class="box{marked}" data-kind="{box.kind}"{data}><title>{title}</title>'
    if box.repeated:
        for step in (2, 1):
            move = CARD * step
            family = box.strips[0].family
            yield _rect(plate.x + move, plate.y + move, plate.width, plate.height, f"card {family}")
    strip = box.strips[0]
    if box.kind == "join" and plate.width == placed.CIRCLE:
        x, y = plate.x + plate.width / 2, plate.y + plate.height / 2
        place = f'cx="{_number(x)}" cy="{_number(y)}" r="{_number(plate.width / 2)}"'
        yield f'<circle class="plate {strip.family}" {place}/>'
        width = text_width(strip.name, 15.0, bold=True)
        yield _text(strip.name, x - width / 2, y + 5, width, "bold", 15.0)
    elif plate.inside is not None:
        yield _rect(plate.x, plate.y, plate.width, plate.height, f"plate {strip.family}")
        yield from _line(strip, plate.x, plate.y + 1, plate.width)
    else:
        radius = STRIP / 2 if box.kind in ("input", "output", "tap") else _RADIUS
        for index, each in enumerate(box.strips):
            top = plate.y + index * STRIP
            first, last = index == 0, index == len(box.strips) - 1
            kind = f"{'plate' if len(box.strips) == 1 else 'strip'} {each.family}"
            yield _rounded(plate.x, top, plate.width, STRIP, radius if first else 0, radius if last else 0, kind)
            yield from _line(each, plate.x, top, plate.width)
    yield "</g>"
    if plate.inside is not None:
        yield from sheet_lines(plate.inside)


def _line(strip: Strip, x: float, top: float, width: float) -> Iterator[str]:
    """The words of a line of a box; the count stands to the right, words alone in the middle."""
    parts = words(strip)
    base = top + STRIP / 2 + 4
    counted = parts[-1].style == "count" and len(parts) > 1
    left = parts[:-1] if counted else parts
    length = sum(each.width for each in left) + BETWEEN * (len(left) - 1)
    at = x + SIDE if counted else x + (width - length) / 2
    for each in left:
        size = SMALL if each.style in ("count", "note", "mark") else SIZE
        looks = _STYLES.get(each.style, "muted").replace("mark", f"mark-{each.text}")
        yield _text(each.text, at, base, each.width, looks, size)
        at += each.width + BETWEEN
    if counted:
        last = parts[-1]
        yield _text(last.text, x + width - SIDE - last.width, base, last.width, "muted", SMALL)


def _title(plate: Plate) -> str:
    """The words that a pointer is shown."""
    shown = []
    for strip in plate.box.strips:
        count = f"{strip.parameters:,} parameters" if strip.parameters else ""
        name = f"{strip.name}({strip.about})" if strip.about and strip.name[:1].isalpha() else strip.name or strip.label
        shown.append(" · ".join(filter(None, [strip.path, name, strip.times, count, *strip.notes])))
    return "\n".join(shown)


def _wire(sheet: Sheet, wire: Wire, route: tuple[Point, ...], said: set[tuple[int, str]]) -> Iterator[str]:
    yield f'<path class="wire" d="{path(route)}"/>'
    source, target = sheet.plates[wire.source], sheet.plates[wire.target]
    if target.height >= 1:
        yield f'<path class="head" d="{_head(route)}"/>'
    if (wire.source, wire.value) in said:
        return
    said.add((wire.source, wire.value))
    (x, y), up = route[0], len(route) > 1 and route[1][1] < route[0][1]
    base = y - 5 if up else y + 12
    if source.height < 1:
        named = sum(plate.box.kind == "input" for plate in sheet.plates) > 1
        if named and source.box.kind == "input":
            name = source.box.strips[0].name
            yield _text(name, x + 5, y - 4 if up else y + 11, placed.word_width(name, "port"), "muted", SMALL)
    elif wire.shape and source.inside is None:
        yield _text(wire.shape, x + 5, base, placed.word_width(wire.shape, "shape"), "muted", SMALL)


def path(route: tuple[Point, ...]) -> str:
    """A line with round corners, as the commands of a path."""
    text = [f"M{_number(route[0][0])} {_number(route[0][1])}"]
    for before, corner, after in zip(route, route[1:], route[2:], strict=False):
        radius = min(_CORNER, _length(before, corner) / 2, _length(corner, after) / 2)
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        text.append(f"L{_pair(enter)}Q{_pair(corner)} {_pair(leave)}")
    return "".join(text) + f"L{_pair(route[-1])}"


def _length(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _toward(point: Point, other: Point, distance: float) -> Point:
    whole = _length(point, other) or 1.0
    return (
        point[0] + (other[0] - point[0]) * distance / whole,
        point[1] + (other[1] - point[1]) * distance / whole,
    )


def _head(route: tuple[Point, ...]) -> str:
    (x0, y0), (x1, y1) = route[-2], route[-1]
    if abs(x1 - x0) < 0.01:
        way = 1 if y1 > y0 else -1
        return f"M{_pair((x1, y1))}l-3.5 {-6 * way}h7z"
    way = 1 if x1 > x0 else -1
    return f"M{_pair((x1, y1))}l{-6 * way} -3.5v7z"


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return _rounded(x, y, width, height, _RADIUS, _RADIUS, kind)


def _rounded(x: float, y: float, width: float, height: float, top: float, bottom: float, kind: str) -> str:
    if top == bottom:
        return (
            f'<rect class="{kind}" x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" '
            f'height="{_number(height)}" rx="{top:g}"/>'
        )
    upper = f"M{_number(x)} {_number(y + top)}" + (f"q0 -{top:g} {top:g} -{top:g}" if top else "")
    right = f"h{_number(width - 2 * top)}" + (f"q{top:g} 0 {top:g} {top:g}" if top else "")
    down = f"v{_number(height - top - bottom)}" + (f"q0 {bottom:g} -{bottom:g} {bottom:g}" if bottom else "")
    back = f"h-{_number(width - 2 * bottom)}" + (f"q-{bottom:g} 0 -{bottom:g} -{bottom:g}" if bottom else "")
    return f'<path class="{kind}" d="{upper}{right}{down}{back}z"/>'


def _text(text: str, x: float, y: float, width: float, kind: str, size: float) -> str:
    looks = f' class="{kind}"' if kind else ""
    big = f' font-size="{size:g}"' if size != SIZE else ""
    return (
        f'<text{looks} x="{_number(x)}" y="{_number(y)}"{big} textLength="{_number(width)}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
