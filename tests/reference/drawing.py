"""An SVG read back: its boxes, lines and texts, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree import ElementTree

from nnspec.picture.font import text_width

_SPACE = "{http://www.w3.org/2000/svg}"


class Area(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    name: str

    def meets(self, other: Area, room: float = 0.9) -> bool:
        across = self.left < other.right - room and other.left < self.right - room
        return across and self.top < other.bottom - room and other.top < self.bottom - room

    def holds(self, other: Area) -> bool:
        inside = self.left <= other.left + 0.7 and other.right <= self.right + 0.7
        return inside and self.top <= other.top + 0.7 and other.bottom <= self.bottom + 0.7


class Drawing:
    """The parts of an SVG."""

    def __init__(self, text: str) -> None:
        root = ElementTree.fromstring(text)
        self.root = root
        self.width, self.height = map(float, root.get("viewBox", "").split()[2:])
        self.boxes: list[Area] = []
        self.lines: list[list[Area]] = []
        self.texts: list[Area] = []
        self.badly_measured: list[str] = []
        self._read(root, 0.0, 0.0)

    def _read(self, element: ElementTree.Element, x: float, y: float) -> None:
        moved = re.match(r"translate\(([-\d.]+) ([-\d.]+)\)", element.get("transform", ""))
        if moved:
            x, y = x + float(moved[1]), y + float(moved[2])
        classes, tag = element.get("class", "").split(), element.tag.removeprefix(_SPACE)
        number = {name: float(value) for name, value in element.attrib.items() if re.fullmatch(r"-?\d+(\.\d+)?", value)}
        if tag == "rect" and "plate" in classes:
            self.boxes.append(_area(x + number["x"], y + number["y"], number["width"], number["height"], "box"))
        elif tag == "circle":
            r = number["r"]
            self.boxes.append(_area(x + number["cx"] - r, y + number["cy"] - r, 2 * r, 2 * r, "circle"))
        elif tag == "path" and "wire" in classes:
            self.lines.append(list(_segments(element.get("d", ""), x, y)))
        elif tag == "text":
            self._text(element, classes, x + number["x"], y + number["y"], number)
        elif tag == "g" and "data-kind" in element.attrib:
            strips = [each for each in element if "strip" in each.get("class", "").split()]
            if strips:
                self.boxes.append(_around(strips, x, y))
        for child in element:
            self._read(child, x, y)

    def _text(
        self, element: ElementTree.Element, classes: list[str], x: float, y: float, number: dict[str, float]
    ) -> None:
        size = number.get("font-size", float(self.root.get("font-size", 0)))
        told = number.get("textLength", 0.0)
        text = (element.text or "").strip()
        if told and abs(told - text_width(text, size, bold="bold" in classes)) > 0.1:
            self.badly_measured.append(text)
        self.texts.append(_area(x, y - 0.72 * size, told, 0.92 * size, text))

    def faults(self) -> Iterator[str]:
        """What is wrong, in words."""
        page = _area(0, 0, self.width, self.height, "page")
        yield from (f"{each} is off the page" for each in [*self.boxes, *self.texts] if not page.holds(each))
        for one, other in combinations(self.boxes, 2):
            if one.meets(other) and not one.holds(other) and not other.holds(one):
                yield f"{one} and {other} overlap"
        for line in self.lines:
            whole = _union(line)
            for box in self.boxes:
                if whole.meets(box) and not box.holds(whole) and any(part.meets(box) for part in line):
                    yield f"a line crosses {box}: {line}"
            for text in self.texts:
                if whole.meets(text) and any(part.meets(text) for part in line):
                    yield f"a line crosses the text {text}"
        for text in self.texts:
            for box in self.boxes:
                if text.meets(box) and not box.holds(text):
                    yield f"{text} is cut by {box}"
        for one, other in combinations(self.texts, 2):
            if one.meets(other):
                yield f"the texts {one} and {other} overlap"
        yield from (f"{text!r} is not as wide as its metrics say" for text in self.badly_measured)


def _area(x: float, y: float, width: float, height: float, name: str) -> Area:
    return Area(x, y, x + width, y + height, name)


def _around(strips: list[ElementTree.Element], x: float, y: float) -> Area:
    """The box of several strips, which are rectangles or paths with round corners."""
    found = []
    for each in strips:
        if each.tag.endswith("rect"):
            left, top, width, height = (float(each.get(name, 0)) for name in ("x", "y", "width", "height"))
            found.append(_area(x + left, y + top, width, height, "strip"))
        else:
            found.append(_rounded(each.get("d", ""), x, y))
    return _union(found)._replace(name="layers")


def _rounded(d: str, x: float, y: float) -> Area:
    """The box of a path that begins at its left side and goes around clockwise."""
    at = [float(value) for value in re.findall(r"-?[\d.]+", re.match(r"M[^qh]*", d)[0])]  # type: ignore[index]
    top = re.match(r"M[^qh]*q0 -([\d.]+)", d)
    width = float(re.search(r"h([\d.]+)", d)[1]) + (2 * float(top[1]) if top else 0)  # type: ignore[index]
    upper = at[1] - (float(top[1]) if top else 0)
    down = float(re.search(r"v([\d.]+)", d)[1])  # type: ignore[index]
    below = re.search(r"v[\d.]+q0 ([\d.]+)", d)
    height = down + (float(top[1]) if top else 0) + (float(below[1]) if below else 0)
    return _area(x + at[0], y + upper, width, height, "strip")


def _segments(d: str, x: float, y: float) -> Iterator[Area]:
    """The straight parts of a line; a round corner is the corner."""
    points: list[tuple[float, float]] = []
    for command, values in re.findall(r"([MLQ])([^MLQ]*)", d):
        numbers = [float(value) for value in values.split()]
        points.append((x + numbers[0], y + numbers[1]))
        if command == "Q":
            points.append((x + numbers[2], y + numbers[3]))
    for (x0, y0), (x1, y1) in pairwise(points):
        yield Area(min(x0, x1) - 0.6, min(y0, y1) - 0.6, max(x0, x1) + 0.6, max(y0, y1) + 0.6, "line")


def _union(areas: list[Area]) -> Area:
    lefts, tops, rights, bottoms, _ = zip(*areas, strict=True)
    return Area(min(lefts), min(tops), max(rights), max(bottoms), "line")
