"""The command that loads a file which does not fit a model as it was asked: each that is told was tried.

Tried are, in this order: to pass over what the model does not have, another model of its file, and, for parameters of
the model whose number stands in a shape or counts repeated parts, the number that the file has there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from nnspec.diagnostics import SpecError
from nnspec.ir.state import state_dict
from nnspec.limits import Limits
from nnspec.model import Model
from nnspec.opening import load
from nnspec.record import Record
from nnspec.syntax import tree as t
from nnspec.weights.checkpoint import Checkpoint
from nnspec.weights.compare import Comparison, bare, compare

MODELS = 40  # of the file that are tried


class Attempt(Record):
    """What is asked for: a model of a file, with settings, and whether keys of the weights may be left."""

    path: str
    model: str | None
    settings: Mapping[str, str]
    inputs: Mapping[str, tuple[int, ...]]
    limits: Limits
    partial: bool = False

    def compared(self, checkpoint: Checkpoint) -> Comparison | None:
        """The model beside the file; None where there is no such model."""
        try:
            model = load(self.path, self.model, settings=self.settings, inputs=self.inputs, limits=self.limits)
        except SpecError:
            return None
        return compare(model.program, checkpoint.replace(partial=self.partial))


def mended(asked: Attempt, model: Model, found: Comparison, checkpoint: Checkpoint) -> Attempt | None:
    """The first attempt that fits the file; None where none does.

    Args:
        asked: what was asked for, and does not fit.
        model: the one that it is of.
        found: what does not fit.
        checkpoint: of the file.
    """
    for attempt in _attempts(asked, model, found, checkpoint):
        for partial in dict.fromkeys((asked.partial, True)):
            tried = attempt.replace(partial=partial)
            compared = tried.compared(checkpoint) if tried != asked else None
            if compared is not None and compared.sound and compared.count("fits"):
                return tried
    return None


def _attempts(asked: Attempt, model: Model, found: Comparison, checkpoint: Checkpoint) -> Iterator[Attempt]:
    yield asked
    if not asked.settings:
        yield from (asked.replace(model=name) for name in islice(model.others, MODELS))
    numbers = {own: theirs for own, theirs in _numbers(model, found, checkpoint).items() if len(theirs) == 1}
    values = _integers(model) | {name: int(text) for name, text in asked.settings.items() if text.isdecimal()}
    settings = {name: str(*numbers[value]) for name, value in values.items() if value in numbers}
    if settings:
        yield asked.replace(settings={**asked.settings, **settings})
    if len(settings) > 1:
        yield from (asked.replace(settings={**asked.settings, name: text}) for name, text in settings.items())


def _integers(model: Model) -> dict[str, int]:
    """The parameters of a model that are whole numbers if they are left out."""
    models = model.declarations.models if model.declarations else []
    declared = [each.declaration for each in models if each.name == model.name]
    found = {}
    for parameter in declared[0].parameters if declared else ():
        if isinstance(parameter.default, t.Number) and isinstance(parameter.default.value, int):
            found[parameter.name.text] = parameter.default.value
    return found


def _numbers(model: Model, found: Comparison, checkpoint: Checkpoint) -> dict[int, set[int]]:
    """For sizes and counts of the model, what the file has in their place."""
    numbers: dict[int, set[int]] = defaultdict(set)
    for row in found.rows:
        if row.own is not None and row.stored is not None and len(row.own) == len(row.stored):
            for own, stored in zip(row.own, row.stored, strict=True):
                if own != stored:
                    numbers[own].add(stored)
    own_counts = _counts(entry.key for entry in state_dict(model.program))
    for place, count in _counts(bare(model.program, checkpoint).tensors).items():
        if own_counts.get(place, count) != count:
            numbers[own_counts[place]].add(count)
    return numbers


def _counts(keys: Iterable[str]) -> dict[str, int]:
    """How many numbered parts there are, by the key before their number."""
    found: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        for part in re.finditer(r"(?<=\.)\d+(?=\.)", key):
            found[re.sub(r"\.\d+\.", ".*.", key[: part.start()])].add(part[0])
    return {place: len(numbers) for place, numbers in found.items()}
