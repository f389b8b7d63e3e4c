"""The weights that a model is run or exported with: those of a file, checked against the model, or untrained ones."""

from __future__ import annotations

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.infer.language import LANGUAGE
from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.record import Record
from nnspec.weights.arrays import ELEMENT_TYPES, Array, Arrays
from nnspec.weights.checkpoint import open_checkpoint
from nnspec.weights.compare import compare, differences
from nnspec.weights.initialise import initial_array
from nnspec.weights.mistakes import NoNumbers, WrongWeights
from nnspec.weights.numbers import no_numbers
from nnspec.weights.preparation import MEAN, PICTURES, STD, TARGETS
from nnspec.weights.source import WeightSource

# Metadata that the model needs to be used: what its numbers stand for, and what was done to its inputs.
MEANINGS = ("nnspec.classes", "nnspec.tokenizer", "nnspec.vocabularies", "nnspec.columns", "nnspec.filled",
            "nnspec.outputs", "nnspec.recipe", "nnspec.texts", LANGUAGE)  # fmt: skip
CARRIED = (*MEANINGS, MEAN, STD, PICTURES, TARGETS)
FIRST = 1 << 16  # elements of an array that are looked at in any case


class Weights(Record):
    """The array of every key, metadata, and a note on where they come from."""

    arrays: Arrays
    metadata: dict[str, str]
    note: str
    told: str | None = None  # what the user should know of how the keys were read


def initial_weights(program: Program, seed: int = 0) -> Weights:
    """Untrained weights, started as the spec says."""
    weights = {entry.key: entry.weight for entry in state_dict(program)}
    return Weights(lambda key: initial_array(key, weights[key], seed), {}, f"untrained weights, seed {seed}")


def load_weights(program: Program, source: WeightSource, *, thorough: bool = True) -> Weights:
    """The weights in a file, or in arrays by key; see compare.py for what may be absent.

    An array is read when it is asked for, and refused where it holds NaN or infinity: of a large one all elements are
    looked at where it is `thorough`, and else the first ones, which takes no time.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes are not those of the model.
    """
    checkpoint = open_checkpoint(source)
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
        found = np.asarray(checkpoint.tensors[place].read().astype(ELEMENT_TYPES[weight.dtype], copy=False), order="C")
        held = no_numbers(found if thorough else found.reshape(-1)[:FIRST], weight)
        if held:
            raise SpecError.of(NoNumbers(None, checkpoint.path, place, held))
        return found

    metadata = {key: value for key, value in checkpoint.metadata.items() if key in CARRIED}
    return Weights(array, metadata, f"weights from {checkpoint.path}", comparison.note)
