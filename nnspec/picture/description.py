"""A picture in a paragraph, for those who do not see it."""

from __future__ import annotations

from nnspec.picture.scene import Box, Level

_MOST = 40  # steps that are told


def description(name: str, counts: str, level: Level) -> str:
    """The network in sentences: what it takes, its steps in order, and what it gives."""
    shapes = {wire.source: wire.shape for wire in reversed(level.wires)}
    given = [_with_shape(box, shapes.get(index, "")) for index, box in enumerate(level.boxes) if box.kind == "input"]
    steps = [step(box) for box in level.boxes if box.kind not in ("input", "output", "tap")]
    results = [box.strips[0].name for box in level.boxes if box.kind == "output"]
    shown = steps if len(steps) <= _MOST else [*steps[:_MOST], f"{len(steps) - _MOST} more"]
    takes = f" It takes {', '.join(given)}." if given else ""
    return f"{name}, {counts}.{takes} Steps: {'; '.join(shown)}. It gives {', '.join(results)}."


def step(box: Box) -> str:
    """A box in words."""
    return ", ".join(
        " ".join(filter(None, [strip.label, strip.name, strip.about, strip.times])) for strip in box.strips
    )


def _with_shape(box: Box, shape: str) -> str:
    return f"{box.strips[0].name} {shape}".strip()
