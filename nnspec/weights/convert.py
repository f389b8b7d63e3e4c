"""Weights of any readable file, written as the model's own."""

from __future__ import annotations

from pathlib import Path

from safetensors.numpy import save_file

from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.output import replacing
from nnspec.weights.load import load_weights
from nnspec.weights.source import WeightSource


def convert(program: Program, source: WeightSource, target: str | Path) -> int:
    """Write the tensors, floats in 32 bits; of keys that are tied the first one only. Returns how many there are.

    Raises:
        SpecError: the file cannot be read, is not that of the model, or the target cannot be written.
    """
    weights = load_weights(program, source)
    arrays = {entry.key: weights.arrays(entry.key) for entry in state_dict(program) if entry.tied_to is None}
    with replacing(target) as temporary:
        save_file(arrays, temporary, weights.metadata or None)
    return len(arrays)
