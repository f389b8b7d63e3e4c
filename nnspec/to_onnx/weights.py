"""The weights that a model is exported with: those of a file, checked against the model, or untrained ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from nnspec.diagnostics import SpecError, nearest
from nnspec.ir import Program
from nnspec.ir.state import Entry, state_dict
from nnspec.layers.base import DType, Weight
from nnspec.record import Record
from nnspec.to_onnx.build import Arrays
from nnspec.to_onnx.checkpoint import Checkpoint, Stored, held_checkpoint, read_checkpoint
from nnspec.to_onnx.graph import ELEMENT_TYPES, Array
from nnspec.to_onnx.initialise import initial_array
from nnspec.to_onnx.mistakes import WrongWeights

# Element types of files that a weight of each type is read from.
READ_FROM: dict[DType, tuple[str, ...]] = {
    "float": ("F32", "F64", "F16", "BF16"),
    "int": ("I64", "I32", "I16", "I8", "U8"),
    "bool": ("BOOL",),
}
CARRIED = ("nnspec.classes", "nnspec.mean", "nnspec.std")  # metadata that the model needs to be used
_SHOWN = 8  # differences of one kind that are listed


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
    """The weights in a file, or in arrays by key.

    Two things may be absent: a key that is tied to another one that is there, and counters (integer buffers), which
    old checkpoints do not have and inference does not need.

    Raises:
        SpecError: the file cannot be read, or its keys and shapes are not those of the model.
    """
    checkpoint = held_checkpoint(source) if isinstance(source, Mapping) else read_checkpoint(source)
    entries = {entry.key: entry for entry in state_dict(program)}
    places = _places(entries, checkpoint)
    differences = [*_missing(entries, places, checkpoint), *_unexpected(entries, checkpoint),
                   *_differing(entries, checkpoint), *_untied(entries, checkpoint)]  # fmt: skip
    if differences:
        agreeing = sum(_agrees(entry.weight, checkpoint.tensors.get(key)) for key, entry in entries.items())
        raise SpecError.of(WrongWeights(None, checkpoint.path, program.main.name, tuple(differences), agreeing))

    def array(key: str) -> Array:
        place, weight = places[key], entries[key].weight
        if place is None:
            return initial_array(key, weight, 0)
        return np.asarray(checkpoint.tensors[place].read().astype(ELEMENT_TYPES[weight.dtype], copy=False), order="C")

    metadata = {key: value for key, value in checkpoint.metadata.items() if key in CARRIED}
    return Weights(array, metadata, f"weights from {checkpoint.path}")


def _places(entries: dict[str, Entry], checkpoint: Checkpoint) -> dict[str, str | None]:
    """The key under which a file holds each weight: its own, or one that is tied to it; None where there is none."""
    held: dict[str, str] = {}  # the weight that owns the tensor -> the first of its keys that the file has
    for entry in entries.values():
        if entry.key in checkpoint.tensors:
            held.setdefault(entry.tied_to or entry.key, entry.key)
    return {key: held.get(entry.tied_to or key) for key, entry in entries.items()}


def _agrees(weight: Weight, stored: Stored | None) -> bool:
    return stored is not None and stored.shape == weight.shape and stored.dtype in READ_FROM[weight.dtype]


def _missing(entries: dict[str, Entry], places: dict[str, str | None], checkpoint: Checkpoint) -> Iterable[str]:
    missing = [key for key, place in places.items() if place is None and not _is_counter(entries[key].weight)]
    spare = [key for key in checkpoint.tensors if key not in entries]
    for key in missing[:_SHOWN]:
        close = nearest(key, spare) if len(spare) <= 2000 else None
        yield f"missing: {key} {_shape(entries[key].weight.shape)}" + (f"; the file has {close}" if close else "")
    if len(missing) > _SHOWN:
        yield f"missing: {len(missing) - _SHOWN:,} more"


def _is_counter(weight: Weight) -> bool:
    return weight.buffer and weight.dtype == "int"


def _unexpected(entries: dict[str, Entry], checkpoint: Checkpoint) -> Iterable[str]:
    unexpected = [key for key in checkpoint.tensors if key not in entries]
    for key in unexpected[:_SHOWN]:
        yield f"not in the model: {key} {_shape(checkpoint.tensors[key].shape)}"
    if len(unexpected) > _SHOWN:
        yield f"not in the model: {len(unexpected) - _SHOWN:,} more"


def _differing(entries: dict[str, Entry], checkpoint: Checkpoint) -> Iterable[str]:
    common = [(e.key, e.weight, checkpoint.tensors[e.key]) for e in entries.values() if e.key in checkpoint.tensors]
    wrong = [(key, weight, stored) for key, weight, stored in common if not _agrees(weight, stored)]
    for key, weight, stored in wrong[:_SHOWN]:
        if stored.shape != weight.shape:
            yield f"{key} is {_shape(stored.shape)} in the file, {_shape(weight.shape)} in the model"
        else:
            yield f"{key} has elements of type {stored.dtype} in the file, {weight.dtype} in the model"
    if len(wrong) > _SHOWN:
        yield f"of other shapes: {len(wrong) - _SHOWN:,} more"


def _untied(entries: dict[str, Entry], checkpoint: Checkpoint) -> Iterable[str]:
    """Keys that are one tensor in the model, and two different ones in the file."""
    for entry in entries.values():
        own, other = checkpoint.tensors.get(entry.key), checkpoint.tensors.get(entry.tied_to or "")
        if own is None or other is None or not (_agrees(entry.weight, own) and _agrees(entry.weight, other)):
            continue
        if not np.array_equal(own.read(), other.read()):
            yield f"{entry.key} and {entry.tied_to} are one weight in the model, and differ in the file"


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"
