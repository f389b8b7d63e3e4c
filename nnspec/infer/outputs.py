"""Outputs to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import CannotStore
from nnspec.output import replacing
from nnspec.weights.arrays import Array


def write_outputs(path: Path, outputs: dict[str, Array]) -> None:
    """Write the outputs as .npz, .npy (a single one) or .json (lists by name).

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
            file.write(json.dumps({name: array.tolist() for name, array in outputs.items()}).encode())
