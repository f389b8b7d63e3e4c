"""A picture as PNG: resvg draws the SVG, with the fonts of the system."""

from __future__ import annotations

import resvg_py

from nnspec.picture.figure import Figure
from nnspec.picture.svg import svg

_WIDEST = 16_000  # pixels of a side


def png(figure: Figure, scale: float) -> bytes:
    """The bytes of the file, of at most 16,000 pixels a side."""
    fitting = min(scale, _WIDEST / max(figure.width, figure.height))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg(figure), zoom=fitting, sans_serif_family="Liberation Sans"))
