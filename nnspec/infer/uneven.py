"""Texts of different lengths for a model that takes no mask: those of one length are run together.

What fills up a text is seen by such a model, and changes what it says of it. Models that nnspec has trained have seen
texts filled up; those of others have not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from nnspec.infer.files import Given, Inputs, is_text, lines_in, read_inputs
from nnspec.infer.language import LANGUAGE
from nnspec.infer.session import Session
from nnspec.infer.tokens import MASKS
from nnspec.record import Record
from nnspec.weights.arrays import Array


class Group(Record):
    """Samples that are run together, such as texts of one length: their places among all, and themselves."""

    places: tuple[int, ...]
    given: tuple[Given, ...]


def by_length(session: Session, given: Sequence[Given]) -> list[Group]:
    """The texts by their numbers of tokens; nothing where they may lie side by side, or where there are others.

    Raises:
        SpecError: a file cannot be read, or what is stored cannot be used.
    """
    named = {name for name, _ in given}
    if LANGUAGE not in session.metadata or any(port.name in MASKS for port in session.inputs) or len(named) != 1:
        return []
    if not all(is_text(source) for _, source in given):
        return []
    name = next(iter(named))
    port = next((port for port in session.inputs if name in (None, port.name)), None)
    vocabulary = session.vocabulary(port.name) if port is not None else None
    if vocabulary is None:
        return []
    texts = [line for _, source in given for line in lines_in(source)]
    found: dict[int, list[int]] = {}
    for place, text in enumerate(texts):
        found.setdefault(len(vocabulary.encode(text)), []).append(place)
    return [Group(tuple(places), tuple((name, texts[place]) for place in places)) for places in found.values()]


def run_groups(
    session: Session, groups: Iterable[Group], batch: int | None, tell: Callable[[str], None]
) -> tuple[dict[str, Array], tuple[str, ...]]:
    """The outputs for all samples in their order, and what these are called; `tell` is told each note once.

    Raises:
        SpecError: a sample does not fit, or the model refuses it.
    """
    names: dict[int, str] = {}
    parts: dict[str, dict[int, Array]] = {port.name: {} for port in session.outputs}
    notes: dict[str, None] = {}
    for group in groups:
        inputs: Inputs = read_inputs(session, group.given, notes.setdefault)
        names |= dict(zip(group.places, inputs.samples, strict=True))
        for name, array in session.run(inputs.arrays, batch=batch).items():
            parts[name] |= dict(zip(group.places, array, strict=True))
    for note in notes:
        tell(note)
    order = sorted(names)
    uneven = [name for name, part in parts.items() if len({array.shape for array in part.values()}) > 1]
    if uneven:
        tell(f"samples have several lengths: behind the shorter ones are fillers in {', '.join(uneven)}")
    outputs = {name: _together([part[place] for place in order]) for name, part in parts.items()}
    return outputs, tuple(names[place] for place in order)


def _together(arrays: Sequence[Array]) -> Array:
    """The arrays of all samples in one; where they differ in size, shorter ones end in NaN, or in zeros."""
    shape = tuple(np.max([array.shape for array in arrays], axis=0)) if arrays[0].ndim else ()
    filler = np.nan if arrays[0].dtype.kind == "f" else 0
    whole = np.full((len(arrays), *shape), filler, arrays[0].dtype)
    for row, array in zip(whole, arrays, strict=True):
        row[tuple(slice(size) for size in array.shape)] = array
    return whole
