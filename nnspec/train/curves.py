"""The curves of a run as a picture: loss and metrics by epoch, drawn with Pillow."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from nnspec.output import replacing
from nnspec.train.settings import TRAINING

WIDTH, HEIGHT, MARGIN = 640, 220, 60  # of one panel, in pixels
COLORS = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (140, 86, 75))
NO_CURVES = frozenset({"epoch", "steps", "learning_rate", "samples_per_second", "seconds"})
Value = float | int | None
Row = dict[str, Value]


def write_curves(path: Path, history: list[Row]) -> None:
    """One panel for all losses and one for each metric.

    Raises:
        SpecError: the file cannot be written.
    """
    names = [name for name in (history[0] if history else ()) if name not in NO_CURVES]
    names = [name for name in names if any(row.get(name) is not None for row in history)]
    losses = [name for name in names if name == "loss" or name.endswith("_loss")]
    beside = {f"{TRAINING}{name}" for name in names}  # drawn with those that are held out
    alone = [name for name in names if name not in losses and name not in beside]
    panels = [losses, *([each for each in (name, f"{TRAINING}{name}") if each in names] for name in alone)]
    picture = Image.new("RGB", (WIDTH, HEIGHT * len(panels)), "white")
    for index, panel in enumerate(panels):
        _panel(picture, index * HEIGHT, {name: [row.get(name) for row in history] for name in panel})
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")


def _panel(picture: Image.Image, top: int, curves: dict[str, list[Value]]) -> None:
    """Curves over the epochs between their least and greatest value."""
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(12)
    known = [value for curve in curves.values() for value in curve if value is not None and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    box = (MARGIN, top + 26, WIDTH - 12, top + HEIGHT - 24)
    draw.rectangle(box, outline="grey")
    draw.text((MARGIN - 6, box[1]), f"{high:.4g}", "black", font, anchor="rt")
    draw.text((MARGIN - 6, box[3]), f"{low:.4g}", "black", font, anchor="rb")
    epochs = max(map(len, curves.values()), default=1)
    draw.text((MARGIN, box[3] + 4), "epoch 1", "black", font)
    draw.text((box[2], box[3] + 4), str(epochs), "black", font, anchor="ra")
    place = float(MARGIN)
    for index, (name, curve) in enumerate(curves.items()):
        color = COLORS[index % len(COLORS)]
        draw.text((place, top + 6), name, color, font)
        place += font.getlength(name) + 18
        _curve(draw, _points(curve, box, low, high), color)


def _points(curve: list[Value], box: tuple[int, int, int, int], low: float, high: float) -> list[tuple[float, float]]:
    """Where the values lie in the panel; those that are no numbers are left out."""
    left, top, right, bottom = box
    width = (right - left) / max(1, len(curve) - 1)
    return [
        (left + width * number, bottom - (bottom - top) * _share(value, low, high))
        for number, value in enumerate(curve)
        if value is not None and math.isfinite(value)
    ]


def _curve(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], color: tuple[int, int, int]) -> None:
    if len(points) > 1:
        draw.line(points, color, width=2)
    elif points:
        draw.circle(points[0], 2, color)


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
