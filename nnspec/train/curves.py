"""The curves of a run as a picture: loss and metrics by epoch, drawn with Pillow."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import Image, ImageDraw

from nnspec.output import replacing

WIDTH, HEIGHT, MARGIN = 640, 220, 48  # of one panel, in pixels
COLORS = ((31, 119, 180), (255, 127, 14))
NO_CURVES = frozenset({"epoch", "steps", "learning_rate", "samples_per_second", "seconds"})
Row = dict[str, float | int | None]


def write_curves(path: Path, history: list[Row]) -> None:
    """One panel for both losses and one for each metric.

    Raises:
        SpecError: the file cannot be written.
    """
    names = [name for name in (history[0] if history else ()) if name not in NO_CURVES]
    losses = [name for name in names if name in ("loss", "validation_loss")]
    panels = [losses, *([name] for name in names if name not in losses)]
    picture = Image.new("RGB", (WIDTH, HEIGHT * len(panels)), "white")
    draw = ImageDraw.Draw(picture)
    for index, panel in enumerate(panels):
        _panel(draw, index * HEIGHT, {name: [row[name] for row in history] for name in panel})
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")


def _panel(draw: ImageDraw.ImageDraw, top: int, curves: dict[str, list[float | int | None]]) -> None:
    """Curves over the epochs between their least and greatest value."""
    known = [value for curve in curves.values() for value in curve if value is not None and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    left, right, above, below = MARGIN, WIDTH - 12, top + 24, top + HEIGHT - 24
    draw.rectangle((left, above, right, below), outline="grey")
    draw.text((4, above - 6), f"{high:.4g}", fill="black")
    draw.text((4, below - 6), f"{low:.4g}", fill="black")
    epochs = max(map(len, curves.values()), default=1)
    draw.text((left, below + 6), "epoch 1", fill="black")
    draw.text((right - 12, below + 6), str(epochs), fill="black")
    for place, (name, curve) in enumerate(curves.items()):
        draw.text((left + 150 * place, top + 6), name, fill=COLORS[place % 2])
        points = [
            (left + (right - left) * number / max(1, epochs - 1), below - (below - above) * _share(value, low, high))
            for number, value in enumerate(curve)
            if value is not None and math.isfinite(value)
        ]
        if len(points) > 1:
            draw.line(points, fill=COLORS[place % 2], width=2)
        elif points:
            draw.circle(points[0], 2, fill=COLORS[place % 2])


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
