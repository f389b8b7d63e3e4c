"""Judging instead of training: the part that is judged, by what training has stored of its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.infer.metadata import NUMBERS, stored
from nnspec.record import Record
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.known import Known
from nnspec.train.data.samples import Indices
from nnspec.train.manner import Part
from nnspec.train.shares import Parts
from nnspec.train.split import Statistics
from nnspec.weights.preparation import MEAN, STD


class NoSuchSamples(Diagnostic):
    """The part that is to be judged has no samples: the data has none, and the recipe holds none out."""

    code = "E0675"
    part: str
    data: str

    @property
    def message(self) -> str:
        return f"{self.data} has no samples in its {self.part} part"

    @property
    def help(self) -> str | None:
        return "write `test = 0.1` into the recipe, or judge another part: --part validation, --part all, --data PATH"


class Judging(Record):
    """The part to judge, and what is known of the numbers of the data."""

    part: Part | None  # None: the test part that data brings, else its validation part, else all of it
    known: Known
    statistics: dict[str, Statistics]  # by input; "" stands for the first of floats

    @classmethod
    def stored(cls, part: Part | None, metadata: Mapping[str, str]) -> Judging:
        """By the metadata of weights.

        Raises:
            SpecError: it cannot be used.
        """
        means, stds = (_by_input(stored(metadata, key, NUMBERS)) for key in (MEAN, STD))
        found = {name: Statistics(tuple(mean), tuple(stds.get(name, [1.0]))) for name, mean in means.items()}
        return cls(part, Known.stored(metadata), found)

    def statistics_of(self, name: str) -> Statistics | None:
        """Those of an input; None where the weights say nothing of a normalisation, as plain tensors do."""
        return self.statistics.get(name) or self.statistics.get("")

    def named(self, data: DataSet) -> Part:
        """The part of a data set that is judged."""
        if self.part is not None:
            return self.part
        return "test" if data.own.test else "validation" if data.own.validation else "all"

    def chosen(self, data: DataSet, parts: Parts, span: Span | None) -> Indices:
        """The samples to judge.

        Raises:
            SpecError: there are none.
        """
        part = self.named(data)
        chosen: Indices = np.arange(len(data)) if part == "all" else getattr(parts, part)
        if part == "test" and not len(chosen) and data.own.test:  # it is what was validated on
            chosen = np.array(data.own.test)
        if not len(chosen):
            raise SpecError.of(NoSuchSamples(span, part, data.name))
        return chosen


def _by_input(numbers: list[float] | dict[str, list[float]] | None) -> dict[str, list[float]]:
    return {} if numbers is None else numbers if isinstance(numbers, dict) else {"": numbers}
