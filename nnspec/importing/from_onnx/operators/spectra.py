"""Rows of Fourier transforms: products with matrices of cosines and sines."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, constant, layer
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.linear import linear
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.weights.arrays import Array

LEFT = ("slice", None, None, None)


def _waves(given: int, length: int, kept: int) -> tuple[Array, Array]:
    """Cosines and sines [given, kept] of a transform of `length` places, of which `given` are not 0."""
    angles = 2 * np.pi * np.outer(np.arange(given), np.arange(kept)) / length
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


@row("DFT")
def _(b: GraphBuilder, x: Any, dft_length: Any = None, axes: Any = None, axis: int | None = None, inverse: int = 0,
      onesided: int = 0) -> Value:  # fmt: skip
    x = b.tensor(x)
    dim = int(constant(axes, "axis").scalar()) if axes is not None else -2 if axis is None and b.opset >= 20 else axis
    dim = (1 if dim is None else dim) % x.rank
    size = x.shape[dim]
    length = size if dft_length is None else int(constant(dft_length, "length").scalar())
    if not isinstance(size, int) or not isinstance(length, int):
        raise Unsaid("it runs along a dimension of open size")
    if inverse and onesided:
        raise Unsaid("it goes back from one side of a spectrum")
    used = min(size, length)
    cosines, sines = _waves(used, length, length // 2 + 1 if onesided else length)
    if inverse:
        cosines, sines = cosines / length, -sines / length
    parts = [b(layer("Subscript", items=("...", place)), x) for place in range(2 if x.shape[-1] == 2 else 1)]
    parts = [_last(b, each, dim) for each in parts]
    parts = parts if used == size else [b(layer("Slice", dim=-1, end=used), each) for each in parts]
    by_cosine, by_sine = Known(cosines.T.copy(), "", True), Known(sines.T.copy(), "", True)
    real, imaginary = linear(b, parts[0], by_cosine), b(layer("Neg"), linear(b, parts[0], by_sine))
    if len(parts) == 2:
        real = b(layer("Add"), real, linear(b, parts[1], by_sine))
        imaginary = b(layer("Add"), imaginary, linear(b, parts[1], by_cosine))
    return b(layer("Stack", dim=-1), _last(b, real, dim), _last(b, imaginary, dim))


def _last(b: GraphBuilder, x: Value, dim: int) -> Value:
    """A tensor with a dimension in the place of the last one."""
    return x if dim == x.rank - 1 else b(layer("Transpose", dim0=dim, dim1=-1), x)


@row("STFT")
def _(b: GraphBuilder, signal: Any, frame_step: Any, window: Any = None, frame_length: Any = None,
      onesided: int = 1) -> Value:  # fmt: skip
    x = b.tensor(signal)
    if x.rank == 3 and x.shape[-1] != 1:
        raise Unsaid("its signal is complex")
    x = b(layer("Squeeze", dim=-1), x) if x.rank == 3 else x
    step = int(constant(frame_step, "step").scalar())
    taper = None if window is None else constant(window, "window").array
    size = (
        int(constant(frame_length, "length").scalar())
        if frame_length is not None
        else 0
        if taper is None
        else taper.size
    )
    if not size:
        raise Unsaid("its frames have no length")
    kept = size // 2 + 1 if onesided else size
    cosines, sines = _waves(size, size, kept)
    kernels = np.concatenate([cosines.T, -sines.T])[:, None] * (1 if taper is None else taper.astype(np.float32))
    made = layer("Conv1d", out_channels=2 * kept, kernel_size=size, stride=None if step == 1 else step, bias=False)
    found = b.weighted_by(made, b(layer("Unsqueeze", dim=1), x), weight=Known(kernels, "", True))
    parted = b(layer("Unflatten", dim=1, unflattened_size=(2, kept)), found)  # [N, 2, kept, frames]
    return b(layer("Permute", dims=(0, 3, 2, 1)), parted)
