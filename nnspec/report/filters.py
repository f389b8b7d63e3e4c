"""The weights of the first layer that has a matrix or filters, as pictures."""

from __future__ import annotations

from html import escape

import numpy as np

from nnspec.dims import Size
from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.report.maps import Numbers, map_figure, sheet
from nnspec.weights.arrays import Array
from nnspec.weights.load import load_weights
from nnspec.weights.source import WeightSource

MOST = 64  # filters that are shown
ROWS = 256  # rows and columns of a matrix that are shown


def filters(program: Program, weights: WeightSource) -> tuple[str, str]:
    """The figure as HTML, and a note on what it leaves out; both empty where no layer has such weights.

    Raises:
        SpecError: the weights cannot be read.
    """
    entry = next((each for each in state_dict(program) if len(each.weight.shape) > 1), None)
    if entry is None:
        return "", "no layer of this model has filters or a matrix"
    array = load_weights(program, weights).arrays(entry.key)
    told = f"{entry.key} {list(array.shape)}"
    values, note = _shown(array, _picture(program))
    figure = map_figure(values, f"The weights {told}", "filters")
    return f'<figure class="zoom"><figcaption>{escape(told)}</figcaption>{figure}</figure>', note


def _shown(array: Array, picture: tuple[int, int, int] | None) -> tuple[Numbers, str]:
    """The sheet of some weights, and what it leaves out."""
    found = array.astype(np.float64)
    if found.ndim == 2 and picture is not None and found.shape[1] == int(np.prod(picture)):
        found = found.reshape(-1, *picture)  # each row looks at a picture that is made flat
    if found.ndim == 2:
        cut = found[:ROWS, :ROWS]
        return cut, "" if cut.shape == found.shape else f"the first {cut.shape[0]} rows and {cut.shape[1]} columns"
    if found.ndim == 3:
        found = found[:, :, None]  # filters over a sequence: [O, I, 1, K]
    while found.ndim > 4:
        found = found[:, :, found.shape[2] // 2]  # of a volume the middle
    kept = found[:MOST]
    note = "" if len(kept) == len(found) else f"the first {MOST} of {len(found)}"
    if kept.shape[1] == 3 and min(kept.shape[2:]) > 1:
        most = np.abs(kept).max(axis=(1, 2, 3), keepdims=True)
        colors = 0.5 + kept / np.maximum(most, 1e-12) / 2
        return sheet(list(colors.transpose(0, 2, 3, 1))), note
    if kept.shape[2] == 1 and kept.shape[1] > 1:
        return sheet(list(kept[:, :, 0])), note  # a row for each channel
    if kept.shape[1] > 1:
        note = ", ".join(filter(None, [note, f"the first of {kept.shape[1]} channels of each"]))
    return sheet(list(kept[:, 0])), note


def _picture(program: Program) -> tuple[int, int, int] | None:
    """The size of the picture that the first input is."""
    first = program.main.values[program.main.inputs[0].value].shape if program.main.inputs else ()
    return _sizes(first[1:]) if len(first) == 4 else _square(first[1:])


def _sizes(shape: tuple[Size, ...]) -> tuple[int, int, int] | None:
    match shape:
        case (int(channels), int(height), int(width)):
            return channels, height, width
    return None


def _square(shape: tuple[Size, ...]) -> tuple[int, int, int] | None:
    """The picture that a row of numbers may be: a square one of one channel, of 8 pixels a side at least."""
    match shape:
        case (int(count),) if count >= 64 and round(count**0.5) ** 2 == count:
            return 1, round(count**0.5), round(count**0.5)
    return None
