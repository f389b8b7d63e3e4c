"""Whether a file holds the weights of a model: every key of both, and what is wrong with it.

Two things may be absent from a file: a key that is tied to another one that is there, and counters (integer buffers),
which old checkpoints do not have and inference does not need.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Literal

import numpy as np

from nnspec.diagnostics import nearest
from nnspec.ir import Program
from nnspec.ir.state import StateEntry, state_dict
from nnspec.layers.base import Weight
from nnspec.layers.tensor_type import DType
from nnspec.record import Record
from nnspec.weights.arrays import Stored
from nnspec.weights.checkpoint import Checkpoint
from nnspec.weights.numbers import no_numbers
from nnspec.weights.renames import PASSED_OVER, own_key, rules
from nnspec.weights.renaming import renaming
from nnspec.weights.wrapping import rename_lines, unwrapped

# Element types of files that a weight of each type is read from.
READ_FROM: dict[DType, tuple[str, ...]] = {
    "float": ("F32", "F64", "F16", "BF16"),
    "int": ("I64", "I32", "I16", "I8", "U8"),
    "bool": ("BOOL",),
}
Verdict = Literal[
    "fits", "absent", "passed over", "left", "missing", "unexpected", "shape", "type", "twice", "untied", "no numbers"
]
ALLOWED: tuple[Verdict, ...] = ("fits", "absent", "passed over", "left")
_NAMED = 3  # keys that a note names
_HINTS, _SPARE = 8, 1000  # missing keys that a resembling one is looked for, among so many of the file


class KeyRow(Record):
    """A key of the model, or one of the file that the model does not have; its shape in both; the verdict."""

    key: str
    verdict: Verdict
    own: tuple[int, ...] | None
    stored: tuple[int, ...] | None
    published: str | None = None  # the key in the file, where it is another
    note: str = ""


class Comparison(Record):
    """A model's weights against those of a file."""

    path: str
    model: str
    rows: tuple[KeyRow, ...]
    places: dict[str, str | None]  # the key of the file for every key of the model; None for a counter without one
    note: str | None = None  # on how its keys were read, and which of them were passed over
    advice: str | None = None  # what can be done where it does not fit

    @property
    def wrong(self) -> tuple[KeyRow, ...]:
        """The rows that keep the file from being loaded."""
        return tuple(row for row in self.rows if row.verdict not in ALLOWED)

    @property
    def sound(self) -> bool:
        """Whether the file can be loaded strictly."""
        return not self.wrong

    def count(self, verdict: Verdict) -> int:
        """The number of keys with a verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{self.count(verdict)} {verdict}" for verdict in dict.fromkeys(row.verdict for row in self.rows)
        )
        return f"<Comparison of {self.path} with {self.model}: {counts}>"


def compare(program: Program, checkpoint: Checkpoint, *, thorough: bool = False) -> Comparison:
    """Every key of a model and of a file.

    Arrays are read where two tied keys are both in the file, and all of them where it is `thorough`: whether they hold
    numbers.
    """
    entries = {entry.key: entry for entry in state_dict(program)}
    wrapping = unwrapped(checkpoint, entries, rules(program))
    read = checkpoint if wrapping is None else wrapping.checkpoint
    found = _compared(program, entries, read, thorough)
    notes = [f"its tensors are those under {checkpoint.within}"] if checkpoint.within else []
    if wrapping is not None:
        keys = {key: None if place is None else wrapping.keys[place] for key, place in found.places.items()}
        found = found.replace(places=keys)
        notes.append(wrapping.note)
    left = [row.key for row in found.rows if row.verdict == "left"]
    if left:
        notes.append(f"{len(left):,} of its keys are not the model's, and passed over: {_some(left)}")
    advice = None if found.sound else _advice(found, rename_lines(read, entries, rules(program)))
    return found.replace(note="; ".join(notes) or None, advice=advice)


def bare(program: Program, checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with the keys that the model has, where the file's begin otherwise."""
    wrapping = unwrapped(checkpoint, (entry.key for entry in state_dict(program)), rules(program))
    return checkpoint if wrapping is None else wrapping.checkpoint


def _advice(found: Comparison, lines: str | None) -> str | None:
    """A way to load a file that does not fit, if there is one beyond other arguments of the model."""
    if lines is not None:
        return lines
    kinds = {row.verdict for row in found.wrong}
    spare = parts_of(row.key for row in found.wrong if row.verdict == "unexpected")
    if kinds == {"unexpected"}:
        renames = "; ".join(f'rename "{part}" -> ""' for part in spare[:_HINTS])
        return (
            "--partial (in a recipe: partial = true) passes over the keys that the model does not have; so does, in "
            f"the model: {renames}"
        )
    shapes = ({row.key: row.own or row.stored or () for row in found.wrong if row.verdict == verdict}
              for verdict in ("missing", "unexpected"))  # fmt: skip
    if kinds == {"missing", "unexpected"} and (named := renaming(*shapes)):
        return f"its keys are read where the model has the lines: {'; '.join(named)}"
    lacking = parts_of(row.key for row in found.wrong if row.verdict == "missing")
    if found.count("fits") and kinds <= {"missing", "unexpected"} and 2 * found.count("missing") < found.count("fits"):
        parts = ", ".join(json.dumps(part.removesuffix(".*")) for part in lacking[:_HINTS])
        return (
            f'what the file lacks can be trained anew, in the train block: weights = "{found.path}"; drop = [{parts}]; '
            'a key that is called otherwise there is read by rename "THEIRS" -> "OURS" in the model'
        )
    return None


def parts_of(keys: Iterable[str]) -> list[str]:
    """The parts of a network that keys belong to, as patterns: `classifier.*`, `bias`."""
    firsts = (key.partition(".") for key in keys)
    return list(dict.fromkeys(f"{first}.*" if dot else first for first, dot, _ in firsts))


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_NAMED]) + (", ..." if len(keys) > _NAMED else "")


def _compared(program: Program, entries: dict[str, StateEntry], checkpoint: Checkpoint, thorough: bool) -> Comparison:
    held, others = _held(program, entries, checkpoint)
    owners: dict[str, str] = {}  # the weight that owns a tensor -> the first of its keys that the file has
    for entry in entries.values():
        if entry.key in held:
            owners.setdefault(entry.tied_to or entry.key, entry.key)
    rows = [_row(entry, owners, held, checkpoint) for entry in entries.values()]
    if thorough:
        rows = [_read(row, entry, held, checkpoint) for row, entry in zip(rows, entries.values(), strict=True)]
    places = {key: held.get(owners.get(entry.tied_to or key, "")) for key, entry in entries.items()}
    return Comparison(checkpoint.path, program.main.name, (*_hinted(rows, others), *others), places)


def _hinted(rows: list[KeyRow], others: list[KeyRow]) -> list[KeyRow]:
    """The rows; the first missing ones with the key of the file that resembles theirs (to look for it takes time)."""
    spare = [row.key for row in others if row.verdict == "unexpected"][:_SPARE]
    hinted = list(rows)
    missing = [index for index, row in enumerate(rows) if row.verdict == "missing"]
    for index in missing[:_HINTS]:
        row, close = rows[index], nearest(rows[index].key, spare)
        if close:
            hinted[index] = KeyRow(row.key, row.verdict, row.own, row.stored, row.published, f"the file has {close}")
    return hinted


def _held(
    program: Program, entries: dict[str, StateEntry], checkpoint: Checkpoint
) -> tuple[dict[str, str], list[KeyRow]]:
    """The key of the file for each key of the model that is there, and a row for each other key of the file."""
    patterns = rules(program)
    held: dict[str, str] = {}
    others: list[KeyRow] = []
    for key, stored in sorted(checkpoint.tensors.items(), key=lambda item: item[0] not in entries):
        own = own_key(key, patterns, entries)
        if own == PASSED_OVER:
            others.append(KeyRow(key, "passed over", None, stored.shape))
        elif own is None:
            others.append(KeyRow(key, "left" if checkpoint.partial else "unexpected", None, stored.shape))
        elif own in held:
            others.append(KeyRow(key, "twice", None, stored.shape, None, f"{held[own]} is {own} already"))
        else:
            held[own] = key
    return held, others


def _row(entry: StateEntry, owners: dict[str, str], held: dict[str, str], checkpoint: Checkpoint) -> KeyRow:
    key, weight = entry.key, entry.weight
    if key not in held:
        return _absent(entry, owners)
    stored = checkpoint.tensors[held[key]]
    published = held[key] if held[key] != key else None
    if stored.shape != weight.shape:
        turned = "transposed in the file" if len(stored.shape) == 2 and stored.shape[::-1] == weight.shape else ""
        return KeyRow(key, "shape", weight.shape, stored.shape, published, turned)
    if stored.dtype not in READ_FROM[weight.dtype]:
        return KeyRow(key, "type", weight.shape, stored.shape, published, f"{stored.dtype} in the file, {weight.dtype}")
    other = checkpoint.tensors.get(held.get(entry.tied_to or "", ""))
    if other is not None and _agrees(weight, other) and not np.array_equal(stored.read(), other.read()):
        return KeyRow(key, "untied", weight.shape, stored.shape, published, str(entry.tied_to))
    return KeyRow(key, "fits", weight.shape, stored.shape, published)


def _read(row: KeyRow, entry: StateEntry, held: dict[str, str], checkpoint: Checkpoint) -> KeyRow:
    """The row of a key that fits, or that of one that holds no numbers."""
    found = no_numbers(checkpoint.tensors[held[row.key]].read(), entry.weight) if row.verdict == "fits" else None
    return KeyRow(row.key, "no numbers", row.own, row.stored, row.published, found) if found else row


def _absent(entry: StateEntry, owners: dict[str, str]) -> KeyRow:
    """A key that the file does not have: tied to one that it has, a counter, or missing."""
    same = owners.get(entry.tied_to or entry.key)
    if same is not None:
        return KeyRow(entry.key, "absent", entry.weight.shape, None, None, f"one weight with {same}")
    if entry.weight.buffer and entry.weight.dtype == "int":
        return KeyRow(entry.key, "absent", entry.weight.shape, None, None, "a counter, which starts anew")
    return KeyRow(entry.key, "missing", entry.weight.shape, None)


def _agrees(weight: Weight, stored: Stored) -> bool:
    return stored.shape == weight.shape and stored.dtype in READ_FROM[weight.dtype]


def differences(comparison: Comparison, most: int = 8) -> Iterable[str]:
    """The mistakes in words; of each kind the first ones."""
    for verdict, words in _MORE.items():
        rows = [row for row in comparison.wrong if row.verdict == verdict]
        yield from map(difference, rows[:most])
        if len(rows) > most:
            yield f"{words}: {len(rows) - most:,} more"


_MORE: dict[Verdict, str] = {
    "missing": "missing",
    "unexpected": "not in the model",
    "shape": "of other shapes",
    "type": "of other types",
    "twice": "twice in the file",
    "untied": "one weight in the model",
    "no numbers": "without numbers",
}


def difference(row: KeyRow) -> str:
    """The mistake of a key, in words."""
    key = row.key + (f" ({row.published} in the file)" if row.published else "")
    match row.verdict:
        case "missing":
            return f"missing: {key} {shown(row.own)}" + (f"; {row.note}" if row.note else "")
        case "unexpected":
            return f"not in the model: {key} {shown(row.stored)}"
        case "shape":
            return f"{key} is {shown(row.stored)} in the file, {shown(row.own)} in the model"
        case "type":
            return f"{key} has elements of type {row.note} in the model"
        case "no numbers":
            return f"{key} holds {row.note}"
        case "untied":
            return f"{key} and {row.note} are one weight in the model, and differ in the file"
    return f"{row.verdict}: {key}" + (f"; {row.note}" if row.note else "")


def shown(shape: tuple[int, ...] | None) -> str:
    """A shape as a person writes it."""
    return "" if shape is None else f"[{', '.join(map(str, shape))}]"
