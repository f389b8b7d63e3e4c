"""A panel with two axes, straight or logarithmic, in which points and lines are drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw, ImageFont

from nnspec.record import Record

Color = tuple[int, int, int]
Point = tuple[float, float]
BLUE, ORANGE, GREY = (31, 119, 180), (255, 127, 14), (200, 200, 200)
MARGIN = 0.04  # of an axis, beyond its values
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 30, 40  # margins, in pixels


class Axis(Record):
    """A range of values from one end of a panel to the other."""

    name: str
    low: float
    high: float
    log: bool = False
    labels: tuple[str, ...] = ()  # of the places 0, 1, ..., where it has no numbers

    def share(self, value: float) -> float:
        """The place of a value between the ends, from 0 to 1."""
        low, high, value = (math.log10(x) if self.log else x for x in (self.low, self.high, value))
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5

    def text(self, value: float) -> str:
        """A tick as it is written."""
        return self.labels[round(value)][:16] if self.labels else f"{value:.6g}"

    def ticks(self) -> list[float]:
        """Round values along the axis."""
        if self.labels:
            return [float(number) for number in range(len(self.labels))]
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            stride = max(1, (last - first) // 6)
            return [10.0**power for power in range(first, last + 1, stride)] or [self.low, self.high]
        step = 10 ** math.floor(math.log10((self.high - self.low) / 4)) if self.high > self.low else 1.0
        step *= next(factor for factor in (1, 2, 5, 10) if (self.high - self.low) / (step * factor) <= 5)
        first = math.ceil(self.low / step - 1e-9)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis(name: str, values: Iterable[float], *, log: bool = False) -> Axis:
    """An axis for finite values, with a little room at the ends."""
    known = [value for value in values if math.isfinite(value)] or [1.0]
    low, high = min(known), max(known)
    if log and low > 0:
        return Axis(name, low, high, log)
    return Axis(name, low - MARGIN * (high - low), high + MARGIN * (high - low))


class Panel:
    """A part of a picture with two axes."""

    def __init__(self, picture: Image.Image, box: tuple[int, int, int, int], x: Axis, y: Axis) -> None:
        self.x, self.y = x, y
        self.draw = ImageDraw.Draw(picture)
        self.font = ImageFont.load_default(12)
        left, top, right, bottom = box
        self.box = (left + LEFT, top + TOP, right - RIGHT, bottom - BOTTOM)
        self._frame()

    def _frame(self) -> None:
        left, top, right, bottom = self.box
        for value in self.x.ticks():
            place = self.place((value, self.y.low))[0]
            self.draw.line([(place, top), (place, bottom)], GREY)
            self.draw.text((place, bottom + 4), self.x.text(value), "black", self.font, anchor="ma")
        for value in self.y.ticks():
            place = self.place((self.x.low, value))[1]
            self.draw.line([(left, place), (right, place)], GREY)
            self.draw.text((left - 6, place), self.y.text(value), "black", self.font, anchor="rm")
        self.draw.rectangle(self.box, outline="grey")
        self.draw.text((right, bottom + 22), self.x.name, "black", self.font, anchor="ra")
        self.draw.text((left, top - 18), self.y.name, "black", self.font)

    def place(self, point: Point) -> Point:
        """The pixel of a point."""
        left, top, right, bottom = self.box
        return left + (right - left) * self.x.share(point[0]), bottom - (bottom - top) * self.y.share(point[1])

    def line(self, points: Sequence[Point], color: Color = BLUE, width: int = 2) -> None:
        """A line through points."""
        if len(points) > 1:
            self.draw.line([self.place(point) for point in points], color, width)

    def dots(self, points: Iterable[Point], color: Color = BLUE, radius: int = 3) -> None:
        """Points."""
        for point in points:
            self.draw.circle(self.place(point), radius, color)

    def mark(self, x: float, text: str, color: Color = ORANGE) -> None:
        """A vertical line with a text."""
        place = self.place((x, self.y.low))[0]
        self.draw.line([(place, self.box[1]), (place, self.box[3])], color, 2)
        self.draw.text((place + 4, self.box[1] + 4), text, color, self.font)
