"""What a model's outputs are, in words: the likeliest classes of a classifier, shapes and statistics of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import BadMetadata

Array = NDArray[Any]

SCORES = ("logits", "log_probabilities", "probabilities")  # what outputs of classifiers are called
_SAMPLES = 16  # of a batch that are printed
_NAMES = TypeAdapter(list[str])


def class_names(metadata: Mapping[str, str]) -> list[str]:
    """The names of the classes that training stored with the model; none where it did not.

    Raises:
        SpecError: what is stored is no list of names.
    """
    try:
        return _NAMES.validate_json(metadata.get("nnspec.classes", "[]"))
    except ValidationError as error:
        raise SpecError.of(BadMetadata(None, "nnspec.classes", str(error.errors()[0]["msg"]))) from None


def describe(outputs: Mapping[str, Array], metadata: Mapping[str, str], top: int | None) -> Iterator[str]:
    """Lines for every output. `top` asks for so many classes of every output [N, classes]; by default three, of the
    outputs that are known to be scores of classes, by their names or by the names of the classes."""
    classes = class_names(metadata)
    for name, array in outputs.items():
        yield f"{name}  {array.dtype} {list(array.shape)}  {_statistics(array)}".rstrip()
        scores = array.ndim == 2 and array.dtype.kind == "f" and array.shape[1] > 1
        named = scores and len(classes) == array.shape[1]
        if scores and (named or top is not None or name in SCORES):
            names = classes if named else [str(number) for number in range(array.shape[1])]
            yield from _likeliest(array, names, top or 3)


def _statistics(array: Array) -> str:
    if array.size == 0:
        return ""
    if array.size == 1:
        return str(array.item())
    if array.dtype.kind != "f":
        return f"from {array.min()} to {array.max()}"
    numbers = array.astype(np.float64)
    return f"mean {numbers.mean():.4g}, deviation {numbers.std():.4g}, from {numbers.min():.4g} to {numbers.max():.4g}"


def _likeliest(scores: Array, names: list[str], top: int) -> Iterator[str]:
    """The classes of highest probability, a block of lines for each sample."""
    table = probabilities(scores[:_SAMPLES])
    for sample, row in enumerate(table):
        best = np.argsort(-row, kind="stable")[:top]
        mark = f"  sample {sample}: " if len(scores) > 1 else "  "
        for place, index in enumerate(best):
            yield f"{mark if place == 0 else ' ' * len(mark)}{row[index]:7.2%}  {names[index]}"
    if len(scores) > _SAMPLES:
        yield f"  and {len(scores) - _SAMPLES} more samples"


def probabilities(scores: Array) -> Array:
    """Scores [N, classes] as probabilities: as they are where they lie within 0 and 1, else by softmax."""
    numbers = scores.astype(np.float64)
    if numbers.min() >= 0 and numbers.max() <= 1:
        return np.asarray(numbers)
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
