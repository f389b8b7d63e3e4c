"""The confusion of classes as a figure: blue where a model is right, orange where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from nnspec.report.figure import INK, Drawing

RIGHT, WRONG = (0.12, 0.47, 0.71), (0.91, 0.44, 0.04)
NUMBERS, NAMES = 25, 60  # classes whose counts, and whose names, there is room for


def confusion(field: str, labels: Sequence[str], counts: NDArray[np.int64], name: str) -> str:
    """The figure as HTML: rows are what samples are, columns what they were taken for.

    Args:
        field: what the labels are called in the data.
        labels: the names of the classes.
        counts: [class, what it was taken for].
        name: that of the figure in the page.
    """
    size = len(labels)
    side = min(9.0, max(2.4, 0.36 * size))
    drawing = Drawing(side + 1.6, side + 1.2)
    axes = drawing.axes
    share = np.sqrt(counts / np.maximum(counts.sum(1, keepdims=True), 1))  # what is rare can be seen as well
    colors = np.where(np.eye(size, dtype=bool)[..., None], RIGHT, WRONG)
    axes.imshow(np.concatenate([colors, share[..., None]], axis=2))
    if size <= NUMBERS:
        for row, column in np.argwhere(counts):
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7,
                      color="white" if share[row, column] > 0.7 else INK)  # fmt: skip
    if size <= NAMES:
        shown = [label if len(label) <= 18 else f"{label[:17]}…" for label in labels]
        axes.set_xticks(range(size), shown, rotation=90 if max(map(len, shown)) > 2 else 0)
        axes.set_yticks(range(size), shown)
    axes.set_xlabel("what the model says")
    axes.set_ylabel(field)
    right, total = int(np.trace(counts)), int(counts.sum())
    told = f"{right:,} of {total:,} right ({right / max(1, total):.1%})"
    svg = drawing.svg(f"Confusion of {size} classes of {field}: {told}", name)
    return f'<figure class="zoom"><figcaption>{escape(field)}: {told}</figcaption>{svg}</figure>'
