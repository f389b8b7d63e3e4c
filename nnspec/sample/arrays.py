"""Arrays in files for an encoder that reads no text: the features of a sound, a picture as the model takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.fail import read_from, refuse
from nnspec.infer.mistakes import WrongInput
from nnspec.infer.ports import TensorPort
from nnspec.reading.arrays import read_arrays
from nnspec.sample.engine import Source
from nnspec.sample.mistakes import NoSource, SourceMissing
from nnspec.weights.arrays import Array


def read_features(paths: Sequence[Path], source: Source) -> Array:
    """The arrays behind one another, [N, ...]; one of a file may stand without the first dimension.

    Raises:
        SpecError: a file cannot be read, or does not fit.
    """
    port = _port(source)
    found = [_with_samples(_read(path), len(port.shape)) for path in paths]
    if len({array.shape[1:] for array in found}) > 1:
        shapes = [str(list(array.shape)) for array in found]
        reason = "what is read side by side has one shape"
        raise SpecError.of(WrongInput(None, source.name, " and ".join(shapes), str(port), reason))
    return port.fitted(np.concatenate(found), {})


def given_features(array: object, source: Source | None) -> Array:
    """An array that is given in Python, as the encoder takes it.

    Raises:
        SpecError: it does not fit, or there is no encoder that reads arrays.
    """
    if source is None:
        raise SpecError.of(NoSource(None))
    if source.text:
        raise SpecError.of(SourceMissing(None, source.name))
    port = _port(source)
    return port.fitted(_with_samples(port.array(array), len(port.shape)), {})


def _port(source: Source) -> TensorPort:
    shape = tuple(size if isinstance(size, int) else str(size) for size in source.type.shape)
    return TensorPort(source.name, np.dtype(np.float32), shape)


def _read(path: Path) -> Array:
    if path.suffix.lower() != ".npy" or not path.is_file():
        refuse(path, "an encoder of this model reads an array, a file that ends in .npy", "numpy.save(...) writes one")
    with read_from(path):
        (array,) = read_arrays(path).values()
    return array


def _with_samples(array: Array, rank: int) -> Array:
    return array[None] if array.ndim == rank - 1 else array
