"""The weights that a model is run or exported with: those of a file, checked against the model, or untrained ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.record import Record
from nnspec.weights.arrays import ELEMENT_TYPES, Array, Arrays
from nnspec.weights.checkpoint import held_checkpoint, read_checkpoint
from nnspec.weights.compare import compare, differences
from nnspec.weights.initialise import initial_array
from nnspec.weights.mistakes import WrongWeights
from nnspec.weights.preparation import MEAN, PICTURES, STD, TARGETS

# Metadata that the model needs to be used: what its numbers stand for, and what was done to its inputs.
MEANINGS = ("nnspec.classes", "nnspec.tokenizer", "nnspec.vocabularies", "nnspec.columns", "nnspec.filled")
CARRIED = (*MEANINGS, MEAN, STD, PICTURES, TARGETS)


class Weights(Record):
    """The array of every key, metadata, and a note on where they come from."""

    arrays: Arrays
    metadata: dict[str, str]
    note: str


def initial_weights(program: Program, seed: int = 0) -> Weights:
    """Untrained weights, started as the spec says."""
    weights = {entry.key: entry.weight for entry in state_dict(program)}
    return Weights(lambda key: initial_array(key, weights[key], seed), {}, f"untrained weights, seed {seed}")


def load_weights(program: Program, source: str | Path | Mapping[str, Array]) -> Weights:
    """The weights in a file, or in arrays by key; see compare.py for what may be absent.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes are not those of the model.
    """
    checkpoint = held_checkpoint(source) if isinstance(source, Mapping) else read_checkpoint(source)
    comparison = compare(program, checkpoint)
    if not comparison.sound:
        found = tuple(differences(comparison))
        raise SpecError.of(WrongWeights(None, checkpoint.path, program.main.name, found, comparison.count("fits"),
                                        comparison.advice))  # fmt: skip
    weights = {entry.key: entry.weight for entry in state_dict(program)}

    def array(key: str) -> Array:
        place, weight = comparison.places[key], weights[key]
        if place is None:
            return initial_array(key, weight, 0)
        return np.asarray(checkpoint.tensors[place].read().astype(ELEMENT_TYPES[weight.dtype], copy=False), order="C")

    metadata = {key: value for key, value in checkpoint.metadata.items() if key in CARRIED}
    told = f" ({comparison.note})" if comparison.note else ""
    return Weights(array, metadata, f"weights from {checkpoint.path}{told}")
