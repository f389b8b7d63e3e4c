"""Numbers as pictures: several maps in one sheet, signed ones in two colours around zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from nnspec.report.figure import INK, LINE, Drawing

Numbers = NDArray[np.float64]
COLUMNS = 8
SIDE = 5.2  # inches that a sheet is wide or high at most
CELL = 0.22  # inches that a number of a sheet has at most


def sheet(maps: Sequence[Numbers]) -> Numbers:
    """Maps [H, W], or [H, W, 3], in rows of eight, with one empty place between two."""
    height, width, *colors = maps[0].shape
    columns = min(COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    found = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1, *colors), np.nan)
    for index, each in enumerate(maps):
        top, left = index // columns * (height + 1), index % columns * (width + 1)
        found[top : top + height, left : left + width] = each
    return found


def map_figure(values: Numbers, words: str, name: str) -> str:
    """A sheet as a figure; its numbers beside it, unless they are colours.

    Args:
        values: [H, W], or the colours [H, W, 3] from 0 to 1; where it is empty, NaN.
        words: the figure in words.
        name: its name in the page.
    """
    height, width = values.shape[:2]
    cell = min(CELL, SIDE / width, SIDE / height)
    drawing = Drawing(max(0.4, width * cell) + 0.9, max(0.4, height * cell) + 0.2)
    axes = drawing.axes
    axes.set_axis_off()
    aspect: Literal["equal", "auto"] = "equal" if max(width / height, height / width) < 20 else "auto"
    if values.ndim == 3:
        clear = np.where(np.isnan(values[..., :1]), 0.0, 1.0)
        axes.imshow(np.concatenate([np.nan_to_num(values), clear], axis=2), aspect=aspect)
        return drawing.svg(words, name)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    signed = low < 0 < high
    most = max(-low, high)
    shown = axes.imshow(
        values,
        cmap=colormaps["RdBu_r" if signed else "viridis"],
        vmin=-most if signed else low,
        vmax=most if signed else high,
        aspect=aspect,
    )
    bar = drawing.figure.colorbar(shown, ax=axes, shrink=0.9, aspect=12, pad=0.03)
    bar.ax.tick_params(labelsize=7, length=2, color=LINE, labelcolor=INK)
    bar.ax.locator_params(nbins=3)
    return drawing.svg(words, name)
