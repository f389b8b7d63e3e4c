"""Predictions of samples: classes by name with their probabilities, labels that hold, numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter

from nnspec.infer.metadata import VOCABULARIES, class_names, stored
from nnspec.record import Record
from nnspec.weights.arrays import Array

SCORES = ("logits", "log_probabilities", "probabilities")  # what outputs of classifiers are called
MEANINGS = "nnspec.outputs"

ROUNDED = 1e-2  # how far the sum of probabilities of 8 or 16 bits may be from 1


class Meaning(BaseModel):
    """What an output stands for, as the recipe of its training compares it."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["classes", "labels", "numbers"]
    field: str = ""  # of the data
    scores: Literal["logits", "probabilities", "log-probabilities"] | None = None


FORM = TypeAdapter(dict[str, Meaning])


class Likely(Record):
    """A class or a label with its probability, or a number with its name."""

    name: str
    value: float


class Answer(Record):
    """What an output says of a sample."""

    kind: str  # "classes", "labels" or "numbers"
    found: tuple[Likely, ...]  # the likeliest classes first

    @property
    def label(self) -> str | None:
        """The likeliest class; None where the output tells no classes apart."""
        return self.found[0].name if self.kind == "classes" and self.found else None

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        values = {each.name: each.value for each in self.found}
        if self.kind == "classes":
            return {"class": self.label, "probabilities": values}
        return {"probabilities": values} if self.kind == "labels" else {"values": values}


class Prediction(Record):
    """What a model says of a sample, by the names of its outputs."""

    sample: str
    answers: dict[str, Answer]

    @property
    def label(self) -> str | None:
        """The class of the first output that tells classes apart; None where none does."""
        return next((answer.label for answer in self.answers.values() if answer.label is not None), None)

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {"sample": self.sample, **{name: answer.to_json() for name, answer in self.answers.items()}}


def predictions(
    outputs: Mapping[str, Array], samples: Sequence[str], metadata: Mapping[str, str], top: int | None = None
) -> list[Prediction]:
    """What is said of each sample, of the outputs whose numbers have a meaning.

    Training stores with the weights what each output is compared with. Without that, classes are what the model has as
    many scores of as it has names of classes, in the last dimension of [N, classes] or, for the place after a sequence,
    of [N, T, classes]; and what is called so (`SCORES`).

    Args:
        outputs: arrays by name.
        samples: the names of the samples.
        metadata: what is stored with the model.
        top: how many classes; of every output [N, classes] if it is given, three if it is left out.

    Raises:
        SpecError: what is stored is damaged.
    """
    found: dict[str, list[Answer]] = {}
    meanings = stored(metadata, MEANINGS, FORM) or {}
    for name, array in outputs.items():
        if array.dtype.kind == "f" and array.size and array.ndim and len(array) == len(samples):
            answers = _answers(name, array, meanings.get(name), metadata, top)
            if answers is not None:
                found[name] = answers
    return [
        Prediction(sample, {name: answers[index] for name, answers in found.items()})
        for index, sample in enumerate(samples)
    ]


def _answers(
    name: str, array: Array, meaning: Meaning | None, metadata: Mapping[str, str], top: int | None
) -> list[Answer] | None:
    """What an output says of each sample; None where its numbers have no meaning of this kind."""
    if meaning is None:
        return _guessed(name, array, metadata, top)
    if array.ndim > 2:
        return _guessed(name, array, metadata, top) if meaning.kind == "classes" else None
    rows = array.reshape(len(array), -1).astype(np.float64)
    names = names_of(meaning.field, metadata)
    match meaning.kind:
        case "classes":
            known = _named(names, rows.shape[1])
            return [Answer("classes", _best(row, known, top or 3)) for row in _shares(rows, meaning)]
        case "labels":
            known = _named(names, rows.shape[1]) if rows.shape[1] > 1 else [meaning.field]
            shares = 1 / (1 + np.exp(-rows)) if meaning.scores == "logits" else rows
            return [Answer("labels", _best(row, known, top or len(known))) for row in shares]
    known = _named(names, rows.shape[1]) if rows.shape[1] > 1 else [meaning.field]
    return [Answer("numbers", tuple(map(Likely, known, map(float, row)))) for row in rows]


def _guessed(name: str, array: Array, metadata: Mapping[str, str], top: int | None) -> list[Answer] | None:
    """The classes of an output that is scores by its shape and its name."""
    if array.ndim not in (2, 3) or array.shape[-1] < 2:
        return None
    classes = class_names(metadata)
    named = len(classes) == array.shape[-1]
    if not named and not (array.ndim == 2 and (top is not None or name in SCORES)):
        return None
    table = probabilities(array if array.ndim == 2 else array[:, -1])
    known = _named(classes, array.shape[-1])
    return [Answer("classes", _best(row, known, top or 3)) for row in table]


def names_of(field: str, metadata: Mapping[str, str]) -> list[str]:
    """What the numbers of a field stand for; none where that is not known.

    Raises:
        SpecError: what is stored cannot be used.
    """
    own = (stored(metadata, "nnspec.vocabularies", VOCABULARIES) or {}).get(field)
    return own or class_names(metadata)


def _named(names: Sequence[str], count: int) -> list[str]:
    """A name for each of so many classes: those that are known, and numbers."""
    return [names[number] if number < len(names) else str(number) for number in range(count)]


def _shares(rows: Array, meaning: Meaning) -> Array:
    match meaning.scores:
        case "probabilities":
            return rows
        case "log-probabilities":
            return np.asarray(np.exp(rows))
        case "logits":
            return _softmax(rows)
    return probabilities(rows)


def probabilities(scores: Array) -> Array:
    """Scores [N, classes] as probabilities: as they are where none is below 0 and each row is 1, else by softmax."""
    numbers = scores.astype(np.float64)
    sums = numbers.sum(axis=1)
    return np.asarray(numbers) if numbers.min() >= 0 and np.allclose(sums, 1, atol=ROUNDED) else _softmax(numbers)


def _softmax(numbers: Array) -> Array:
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _best(row: Array, names: list[str], top: int) -> tuple[Likely, ...]:
    return tuple(Likely(names[index], float(row[index])) for index in np.argsort(-row, kind="stable")[:top])
