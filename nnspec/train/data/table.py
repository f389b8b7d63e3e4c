"""Data from tables: columns of numbers, and of texts that stand for classes; together, or each an input by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.layers.tensor_type import TensorType
from nnspec.reading.categories import UNKNOWN, categories, numbered
from nnspec.reading.table import missing_in
from nnspec.recipe.data import Table as Choice
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import read_from
from nnspec.train.data.known import Known
from nnspec.train.data.rows import Portions, Rows, portions
from nnspec.train.supply import Supply

TEXTS = 100  # how many different texts a column of features may have
FEATURES = "features"  # the field of all columns that are no field of their own
DEFAULT = Choice(path="")


def read_iris() -> DataSet:
    """The flowers of Fisher; ATTRIBUTION.md says where they come from."""
    return read_table(Path(__file__).parent / "iris.csv", DEFAULT, {}, None)


def read_table(
    path: Path,
    choice: Choice,
    inputs: Mapping[str, TensorType],
    span: Span | None,
    known: Known | None = None,
    supply: Supply | None = None,
) -> DataSet:
    """`features` [N, columns], and what is wanted, of CSV or Parquet files.

    Args:
        path: of the file, or a pattern of several.
        choice: which columns are wanted for what.
        inputs: of the model; those with the names of columns are read from them.
        span: of the recipe.
        known: what the numbers stand for; it is found in the columns if it is left out.
        supply: where a large one is written, and who is told.

    Raises:
        SpecError: the file is missing, is no table, or has no such column; or some value is missing.
    """
    with read_from(path, span):
        return _Reading(path, choice, inputs, span, known, supply or Supply()).data()


class _Reading(Rows):
    """The use of each column, and the fields that all of them become."""

    def __init__(
        self,
        path: Path,
        choice: Choice,
        inputs: Mapping[str, TensorType],
        span: Span | None,
        known: Known | None,
        supply: Supply,
    ) -> None:
        super().__init__(path, choice, known, span, supply)
        self.inputs = {name: type for name, type in inputs.items() if name in self.names and name not in self.wanted}
        self.features = [name for name in self.names if name not in self.wanted and name not in self.inputs]
        if self.inputs and FEATURES not in inputs:
            self.features = []
        if known is not None and known.columns:
            self.features = list(dict.fromkeys(self._column_of(each) for each in known.columns))
            for name in self.features:
                self.need(name)
        if not self.features and not self.inputs:
            self.fail("it has one column only", "a table needs features and what is wanted")
        self.columns = {name: self.table.values(name) for name in (*self.features, *self.inputs)}
        self.filled: dict[str, float | str] = {}
        used = {*self.columns, *self.wanted, *choice.without, choice.part}
        unused = [name for name in self.table.names if name not in used]
        self.notes = [f"columns that are left out: {', '.join(unused)}"] if unused else []
        self.settle()
        if choice.missing not in (None, "drop"):
            for name in self.columns:
                self._fill(name)

    def _column_of(self, feature: str) -> str:
        """The column of a feature: of `colour=red` it is colour."""
        return feature if feature in self.table.names else feature.partition("=")[0]

    def _fill(self, name: str) -> None:
        """A column with something in the place of what is missing: so it is filled in prediction, too."""
        values = self.columns[name]
        missing = missing_in(values)
        count = int(missing.sum())
        before = self.known.filled.get(name) if self.known else None
        if not isinstance(values, np.ndarray):
            if count:
                self.filled[name] = ""
                self.notes.append(f"{name} has no value in {count:,} rows: a text of its own")
            return
        found = values[: self.trained][~missing[: self.trained]]
        if not len(found) and before is None and not isinstance(self.choice.missing, float):
            self.fail(f"column {name} has no values", f'leave it out: without = ["{name}"]')
        rule = self.choice.missing
        if isinstance(before, float):
            number = before
        elif isinstance(rule, float | int):
            number = float(rule)
        else:
            number = float(found.mean() if rule == "mean" else np.median(found))
        self.filled[name] = number
        if count:
            filled = self.room(torch.float64, len(values)).numpy()
            np.copyto(filled, values)
            filled[missing] = number
            self.columns[name] = filled
            words = f"its {rule} {number:.4g}" if isinstance(rule, str) else f"{number:.4g}"
            self.notes.append(f"{name} has no value in {count:,} rows: {words}")

    def data(self) -> DataSet:
        """The fields."""
        fields: dict[str, Tensor] = {}
        vocabularies: dict[str, tuple[str, ...]] = {}
        found = dict(part for name in self.features for part in self._features(name))
        if found:
            fields[FEATURES] = self.floats(FEATURES, found, tuple(found))
        for name, type in self.inputs.items():
            fields[name], texts = self._input(name, type)
            if texts:
                vocabularies[name] = texts
        return self.data_set(fields, vocabularies).replace(
            columns=tuple(found),
            filled=self.filled,
        )

    def _features(self, name: str) -> list[tuple[str, Portions]]:
        """One column of numbers, or one of 0 and 1 for each text, with what each is."""
        column = self.columns[name]
        before = [each for each in self.known.columns if self._column_of(each) == name] if self.known else []
        if isinstance(column, np.ndarray):
            if before and before != [name]:
                self.fail(f"column {name} is made of numbers, and training has seen texts in it", "give it as texts")
            return [(name, portions(column))]
        if before == [name]:
            self.fail(f"column {name} is not made of numbers ({self.place(0)})", "training has seen numbers in it")
        texts = tuple(each.removeprefix(f"{name}=") for each in before) or categories(
            column[: self.trained], self.choice.rare
        )
        if len(texts) > TEXTS:
            advice = f'leave it out, without = ["{name}"], or take it as classes: input {name}: int[N]'
            self.fail(f"column {name} has {len(texts):,} different texts", advice)
        some = ", ".join(f"{name}={text}" for text in texts[:3]) + (", ..." if len(texts) > 3 else "")
        if not before:
            self.notes.append(f"{name} is texts, and becomes {len(texts)} features of 0 and 1: {some}")
        numbers = self._numbered(name, column, texts)
        few = numbers.astype(np.min_scalar_type(max(1, len(texts))))
        return [(f"{name}={text}", partial(_equal, few, number)) for number, text in enumerate(texts)]

    def _numbered(self, name: str, column: Sequence[str], texts: tuple[str, ...]) -> NDArray[np.int64]:
        """The number of each text among the categories of a column."""
        numbers, new = numbered(column, texts)
        if new is not None:
            reason = f"{self.place(new)} has {column[new]!r} for {name}, which training has not seen"
            advice = f"it knows {', '.join(texts[:8])}; leave the row out, or train with rare = 1"
            self.fail(reason, advice)
        if UNKNOWN in texts and self.choice.rare is not None:
            count = int((numbers == texts.index(UNKNOWN)).sum())
            if count:
                self.notes.append(f"{name} has {count:,} rows of texts that are rare or new: {UNKNOWN}")
        return numbers

    def _input(self, name: str, type: TensorType) -> tuple[Tensor, tuple[str, ...]]:
        """A column for an input of the model, and what its numbers mean if it is of texts."""
        column = self.columns[name]
        if type.dtype == "float":
            if not isinstance(column, np.ndarray):
                row = self.place(next((place for place, text in enumerate(column) if text), 0))
                advice = f"take it as classes: input {name}: int[N]"
                self.fail(f"column {name} is not made of numbers ({row})", advice)
            made = self.floats(name, {name: portions(column)}, (name,))
            return (made.squeeze(1) if type.rank == 1 else made), ()
        texts = self.known.names(name) if self.known else ()
        if texts and isinstance(column, np.ndarray):
            column = self._chosen(self.table.texts(name))
        if not isinstance(column, np.ndarray):
            texts = texts or categories(column[: self.trained], self.choice.rare)
            numbers = torch.from_numpy(self._numbered(name, column, texts))
        else:
            odd = np.flatnonzero(column != np.floor(column))
            if len(odd):
                reason = f"{self.place(int(odd[0]))} has {column[odd[0]]:g} for {name}, no whole number"
                self.fail(reason, f"take it as a number: input {name}: float[N, 1]")
            numbers = torch.from_numpy(column.astype(np.int64))
        numbers = numbers.bool() if type.dtype == "bool" else numbers
        return (numbers.unsqueeze(1) if type.rank == 2 else numbers), texts


def _equal(numbers: NDArray[Any], number: int, rows: slice) -> NDArray[np.bool_]:
    """Where some numbers are one of them."""
    found: NDArray[np.bool_] = numbers[rows] == number
    return found
