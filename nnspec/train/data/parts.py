"""A data set with the parts that its recipe holds out: its own, those of files beside it, or other data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnspec.diagnostics import Span
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.data import Data
from nnspec.recipe.held_out import HeldOut
from nnspec.train.data.dataset import DataSet, Frame, Own
from nnspec.train.data.joined import joined
from nnspec.train.data.known import Known
from nnspec.train.data.read import read
from nnspec.train.supply import Supply


def read_parts(
    data: Data,
    held: HeldOut,
    base: Path,
    frame: Frame,
    places: Mapping[str, Span],
    inputs: Mapping[str, TensorType] | None,
    known: Known | None = None,
    supply: Supply | None = None,
) -> DataSet:
    """Read a data set, and behind it those that are held out and have files of their own.

    Args:
        data: to train on.
        held: what the recipe holds out.
        base: the folder that paths start from.
        frame: what pictures must become.
        places: where the keys of the recipe have their values.
        inputs: of the model, by name; None where the recipe builds networks of its own.
        known: what the numbers stand for, where training has found that before.
        supply: where what is made of data once is kept, and who is told what takes long.

    Raises:
        SpecError: something cannot be read, or does not fit the data to train on.
    """
    first = read(data, base, frame, places.get("data"), inputs, known, supply)
    if not held.apart:
        return first
    known = known or Known.of(first)
    others = {
        part: read(each, base, _framed(first, frame), places.get(part), inputs, known, supply)
        for part, each in held.apart
    }
    samples = joined(first, others, places.get("validation") or places.get("test"))
    own, start = first.own, len(first)
    found = {"validation": own.validation, "test": own.test}
    left = [part for part in others if found[part] is not None]
    for part, each in others.items():
        found[part] = range(start, start + len(each))
        start += len(each)
    notes = [f"{part}: {each.name}, {len(each):,} samples" for part, each in others.items()]
    notes += [f"{part}: {note}" for part, each in others.items() for note in each.notes if note not in first.notes]
    notes += [f"its own {part} part is left out: the recipe names another one" for part in left]
    return first.replace(
        samples=samples, parts=Own(own.training, found["validation"], found["test"]), notes=(*first.notes, *notes)
    )


def _framed(data: DataSet, frame: Frame) -> Frame:
    """The form of pictures of a data set that is read already."""
    name = next(iter(sorted(data.pictures)), None)
    if name is None:
        return frame
    channels, height, width = data.samples.forms[name].opened.sizes
    return Frame(frame.channels or channels, height, width)
