"""The outputs of a model in words: of each sample its classes, labels or numbers; of all else shapes and statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nnspec.infer.predictions import Prediction
from nnspec.weights.arrays import Array

SHOWN = 8  # numbers of a sample that are written out where nothing says what they are


def describe(outputs: Mapping[str, Array], found: Sequence[Prediction]) -> Iterator[str]:
    """Lines for every output: its shape and statistics, and for each sample what is said of it, or its numbers."""
    width = max((len(shown(each.sample)) for each in found), default=0)
    for name, array in outputs.items():
        yield f"{name}  {array.dtype} {list(array.shape)}  {_statistics(array)}".rstrip()
        small = array.size > 1 and array.ndim > 0 and len(array) == len(found) and array[0].size <= SHOWN
        for index, each in enumerate(found):
            mark = f"  {shown(each.sample):{width}}  "
            if name not in each.answers:
                if small:
                    yield f"{mark}{' '.join(f'{number:.6g}' for number in np.ravel(array[index]).tolist())}"
                continue
            answer = each.answers[name]
            if answer.kind == "numbers":
                yield mark + "  ".join(f"{shown(one.name)} {one.value:.6g}" for one in answer.found)
                continue
            for place, one in enumerate(answer.found):
                yield f"{mark if place == 0 else ' ' * len(mark)}{one.value:7.2%}  {shown(one.name)}"


def _statistics(array: Array) -> str:
    if array.size == 0:
        return ""
    if array.size == 1:
        return str(array.item())
    if array.dtype.kind != "f":
        return f"from {array.min()} to {array.max()}"
    whole = array.astype(np.float64).ravel()
    numbers = whole[~np.isnan(whole)]
    none = f"{len(whole) - len(numbers):,} of {len(whole):,} are NaN"
    if not len(numbers):
        return none
    said = f"mean {numbers.mean():.4g}, deviation {numbers.std():.4g}, from {numbers.min():.4g} to {numbers.max():.4g}"
    return said if len(numbers) == len(whole) else f"{said}; {none}"


def shown(name: str) -> str:
    """A name as a line shows it; what could not be seen there, such as a space, as Python writes it."""
    return name if name.isprintable() and name.strip() == name and name else repr(name)
