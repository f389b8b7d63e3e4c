"""The result of every layer for one sample, as pictures: computed by onnxruntime, as `nnspec page` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from nnspec.extras import need
from nnspec.limits import Limits
from nnspec.model import Model
from nnspec.report.maps import Numbers, map_figure, sheet
from nnspec.train.data.dataset import DataSet
from nnspec.weights.arrays import Array
from nnspec.weights.source import WeightSource

CHANNELS, LENGTH = 16, 256  # of a result that are shown
LAYERS = 40  # that are shown


def activations(model: Model, weights: WeightSource, data: DataSet, index: int, limits: Limits) -> tuple[str, str]:
    """The figures as HTML, and a note on what they leave out, or on why there are none.

    Raises:
        SpecError: the model cannot be expressed in ONNX, or a package is not installed.
    """
    need("the activations in a report", "onnx", "onnxruntime")
    from nnspec.infer.session import Session  # here: onnx may not be installed
    from nnspec.page.page import network_with_layers

    rows = data.opened(np.array([index]))
    network, layers, _ = network_with_layers(model.program, model.sources, weights, limits)
    session = Session(network)
    lacking = [port.name for port in session.inputs if port.name not in rows]
    if lacking:
        return "", f"the data has no {' and no '.join(lacking)}, which the model takes: nothing is computed"
    given = {port.name: _middle(rows[port.name].numpy(), port.shape) for port in session.inputs}
    found = session.run(given)
    places = np.unique(np.linspace(0, len(layers) - 1, min(LAYERS, len(layers))).astype(int)).tolist()
    figures = []
    for place in places:
        layer = layers[place]
        figures.append(_figure(", ".join(layer.words), found[layer.value], f"layer{place}"))
    note = "" if len(places) == len(layers) else f"{len(places)} of {len(layers)} layers, from the first to the last"
    return f'<div class="figures">{_given(given)}{"".join(figures)}</div>', note


def _given(given: Mapping[str, Array]) -> str:
    return "".join(_figure(f"{name}: input", array, f"input-{name}") for name, array in given.items())


def _middle(array: Array, shape: Sequence[int | str | None]) -> Array:
    """A picture that is larger than the model takes, as augmentations leave it: its middle, as in validation."""
    if array.ndim != 4:
        return array
    for axis in (2, 3):
        size = shape[axis]
        if isinstance(size, int) and size < array.shape[axis]:
            start = (array.shape[axis] - size) // 2
            array = np.take(array, range(start, start + size), axis)
    return array


def _figure(words: str, array: Array, name: str) -> str:
    """The result of a layer for the first sample that it has."""
    shape = list(array.shape)
    first = np.asarray(array[0] if array.ndim else array, np.float64)
    values, note = _maps(first)
    if not values.size:
        return ""
    caption = escape(f"{words} {shape}{note}")
    return f"<figure><figcaption>{caption}</figcaption>{map_figure(values, words, name)}</figure>"


def _maps(values: Numbers) -> tuple[Numbers, str]:
    """A sheet of maps, and what it leaves out."""
    if values.ndim < 2:
        row = np.atleast_1d(values)
        return row[None, :LENGTH], f", the first {LENGTH}" if len(row) > LENGTH else ""
    while values.ndim > 3:
        values = values[0]
    if values.ndim == 2:
        cut = values[:LENGTH, :LENGTH]
        return cut, "" if cut.shape == values.shape else f", the first {' x '.join(map(str, cut.shape))}"
    if values.shape[1:] == (1, 1):
        return _maps(values.reshape(-1))
    kept = values[:CHANNELS]
    step = max(1, -(-max(kept.shape[1:]) // 64))  # a large map is shown by some of its places
    note = f", the first {CHANNELS} channels" if len(values) > CHANNELS else ""
    return sheet(list(kept[:, ::step, ::step])), note
