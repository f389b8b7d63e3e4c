"""The outputs of a model in words: the likeliest classes of a classifier, shapes and statistics of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nnspec.infer.metadata import class_names
from nnspec.weights.arrays import Array

SCORES = ("logits", "log_probabilities", "probabilities")  # what outputs of classifiers are called
_SAMPLES = 16  # of a batch that are printed

Likely = list[tuple[str, float]]  # classes with their probabilities, the likeliest first


def likeliest(
    outputs: Mapping[str, Array], metadata: Mapping[str, str], top: int | None = None
) -> dict[str, list[Likely]]:
    """For every output that is scores of classes, the likeliest classes of each sample.

    Scores are what the model has as many of as it has names of classes, in the last dimension of [N, classes] or, for
    the place after a sequence, of [N, T, classes]; and what is called so (`SCORES`).

    Args:
        outputs: arrays by name.
        metadata: what is stored with the model.
        top: how many classes; of every output [N, classes] if it is given, three of those that are known to be scores
            if it is left out.

    Raises:
        SpecError: what is stored is no list of names.
    """
    classes = class_names(metadata)
    found: dict[str, list[Likely]] = {}
    for name, array in outputs.items():
        if array.dtype.kind != "f" or array.ndim not in (2, 3) or array.shape[-1] < 2 or not array.size:
            continue
        named = len(classes) == array.shape[-1]
        if named or (array.ndim == 2 and (top is not None or name in SCORES)):
            names = classes if named else [str(number) for number in range(array.shape[-1])]
            table = probabilities(array if array.ndim == 2 else array[:, -1])
            found[name] = [_best(row, names, top or 3) for row in table]
    return found


def describe(outputs: Mapping[str, Array], metadata: Mapping[str, str], top: int | None) -> Iterator[str]:
    """Lines for every output, with the likeliest classes where it is scores; see `likeliest`."""
    classified = likeliest(outputs, metadata, top)
    for name, array in outputs.items():
        yield f"{name}  {array.dtype} {list(array.shape)}  {_statistics(array)}".rstrip()
        samples = classified.get(name, [])
        for sample, best in enumerate(samples[:_SAMPLES]):
            mark = f"  sample {sample}: " if len(samples) > 1 else "  "
            for place, (kind, share) in enumerate(best):
                yield f"{mark if place == 0 else ' ' * len(mark)}{share:7.2%}  {_shown(kind)}"
        if len(samples) > _SAMPLES:
            yield f"  and {len(samples) - _SAMPLES} more samples"


def _statistics(array: Array) -> str:
    if array.size == 0:
        return ""
    if array.size == 1:
        return str(array.item())
    if array.dtype.kind != "f":
        return f"from {array.min()} to {array.max()}"
    numbers = array.astype(np.float64)
    return f"mean {numbers.mean():.4g}, deviation {numbers.std():.4g}, from {numbers.min():.4g} to {numbers.max():.4g}"


def _best(row: Array, names: list[str], top: int) -> Likely:
    return [(names[index], float(row[index])) for index in np.argsort(-row, kind="stable")[:top]]


def _shown(name: str) -> str:
    """A class as a line shows it; what could not be seen there, such as a space, as Python writes it."""
    return name if name.isprintable() and name.strip() == name and name else repr(name)


def probabilities(scores: Array) -> Array:
    """Scores [N, classes] as probabilities: as they are where they lie within 0 and 1, else by softmax."""
    numbers = scores.astype(np.float64)
    if numbers.min() >= 0 and numbers.max() <= 1:
        return np.asarray(numbers)
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
