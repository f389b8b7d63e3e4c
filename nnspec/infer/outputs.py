"""Outputs to files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import CannotStore
from nnspec.infer.predictions import Prediction
from nnspec.output import replacing
from nnspec.weights.arrays import Array


def as_json(outputs: Mapping[str, Array], found: Sequence[Prediction]) -> str:
    """The outputs as lists by name, and what is said of each sample, as JSON; no number is `null`."""
    numbers = {name: _plain(array) for name, array in outputs.items()}
    return json.dumps({"predictions": [each.to_json() for each in found], "outputs": numbers}, allow_nan=False)


def _plain(array: Array) -> Any:
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return array.tolist()
    found = array.astype(object)
    found[~np.isfinite(array)] = None
    return found.tolist()


def write_outputs(path: Path, outputs: dict[str, Array], found: Sequence[Prediction]) -> None:
    """Write the outputs as .npz, .npy (a single one) or .json, which has what is said of each sample as well.

    Raises:
        SpecError: there are several and the file takes one, or it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".npy" and len(outputs) != 1:
        raise SpecError.of(CannotStore(None, str(path), tuple(outputs)))
    with replacing(path) as temporary, temporary.open("wb") as file:
        if suffix == ".npy":
            np.save(file, next(iter(outputs.values())), allow_pickle=False)
        elif suffix == ".npz":
            arrays: dict[str, Any] = dict(outputs)
            np.savez(file, **arrays)
        else:
            file.write(as_json(outputs, found).encode())
