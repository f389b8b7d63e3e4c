"""Data from tables: columns of numbers, and of texts that stand for classes; together, or each an input by its name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.layers.tensor_type import TensorType
from nnspec.reading.table import Table, Values, missing_in
from nnspec.reading.tables import open_table
from nnspec.reading.unreadable import Unreadable
from nnspec.recipe.data import Table as Choice
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import instead, read_from
from nnspec.train.data.samples import Held
from nnspec.train.mistakes import BadData

TEXTS = 100  # how many different texts a column of features may have
FEATURES = "features"  # the field of all columns that are no field of their own
DEFAULT = Choice(path="")


def read_iris() -> DataSet:
    """The flowers of Fisher; ATTRIBUTION.md says where they come from."""
    return read_table(Path(__file__).parent / "iris.csv", DEFAULT, {}, None)


def read_table(path: Path, choice: Choice, inputs: Mapping[str, TensorType], span: Span | None) -> DataSet:
    """`features` [N, columns], and `label` [N] or `target` [N, 1], of a CSV or a Parquet file.

    Args:
        path: of the file.
        choice: which columns are wanted for what.
        inputs: of the model; those with the names of columns are read from them.
        span: of the recipe.

    Raises:
        SpecError: the file is missing, is no table, or has no such column; or some value is missing.
    """
    with read_from(path, span):
        return _Reading(path, choice, inputs, span).data()


class _Reading:
    """The use of each column, and the fields that all of them become."""

    def __init__(self, path: Path, choice: Choice, inputs: Mapping[str, TensorType], span: Span | None) -> None:
        self.path = path
        self.choice = choice
        self.span = span
        self.table: Table = open_table(path, least=2)
        names = self.table.names
        if choice.label and choice.target:
            self.fail("both a label and a target are asked for", "write one of them")
        for name in choice.without:
            self._need(name)
        left = [name for name in names if name not in choice.without]
        self.wanted = choice.label or choice.target or (left[-1] if left else names[-1])
        self._need(self.wanted)
        self.inputs = {name: type for name, type in inputs.items() if name in left and name != self.wanted}
        self.features = [name for name in left if name != self.wanted and name not in self.inputs]
        if self.inputs and FEATURES not in inputs:
            self.features = []
        if not self.features and not self.inputs:
            self.fail("it has one column only", "a table needs features and what is wanted")
        self.filled: dict[str, float | str] = {}
        self.columns = {name: self.table.values(name) for name in (*self.features, *self.inputs)}
        self.own = self.table.values(self.wanted) if choice.target else self._label()
        used = {*self.features, *self.inputs, self.wanted, *choice.without}
        unused = [name for name in names if name not in used]
        self.notes = [f"columns that are left out: {', '.join(unused)}"] if unused else []
        self._fill()

    def fail(self, reason: str, advice: str) -> NoReturn:
        """Refuse the file."""
        raise SpecError.of(BadData(self.span, str(self.path), reason, advice))

    def _need(self, name: str) -> None:
        if name not in self.table.names:
            self.fail(f"it has no column {name}", instead(name, self.table.names))

    def _label(self) -> Values:
        """The column of the label: numbers, or what is written, whatever that is."""
        try:
            return self.table.values(self.wanted)
        except Unreadable:
            return self.table.texts(self.wanted)

    def _fill(self) -> None:
        """See to the values that are missing, as the recipe says.

        Raises:
            SpecError: some are, and it says nothing of them.
        """
        named = {**self.columns, self.wanted: self.own}
        missing = {name: missing_in(values) for name, values in named.items()}
        lacking = [name for name, places in missing.items() if bool(places.any())]
        if not lacking:
            return
        if self.choice.missing is None or (self.choice.missing == "mean" and self.wanted in lacking):
            name = self.wanted if self.choice.missing else lacking[0]
            row = self.table.place(int(np.flatnonzero(missing[name])[0]))
            drop = 'leave such rows out: missing = "drop"'
            mean = 'or take the mean of the column: missing = "mean"'
            ways = drop if self.choice.missing or name == self.wanted else f"{drop}; {mean}"
            self.fail(f"{row} has no value for {name}", f"fill it in, or {ways}")
        if self.choice.missing == "drop":
            kept = ~np.logical_or.reduce([*missing.values()])
            if int(kept.sum()) < 2:
                self.fail(f"{int(kept.sum())} of its rows have all values", 'write missing = "mean"')
            self.columns = {name: _chosen(values, kept) for name, values in self.columns.items()}
            self.own = _chosen(self.own, kept)
            self.notes.append(f"{int((~kept).sum()):,} rows with missing values are left out")
            return
        for name in lacking:
            self._fill_column(name, missing[name])

    def _fill_column(self, name: str, missing: NDArray[np.bool_]) -> None:
        values = self.columns[name]
        if isinstance(values, list):
            self.filled[name] = ""
            self.notes.append(f"{name} has no value in {int(missing.sum()):,} rows: a text of its own")
            return
        if bool(missing.all()):
            self.fail(f"column {name} has no values", f'leave it out: without = ["{name}"]')
        mean = float(values[~missing].mean())
        self.columns[name] = np.where(missing, mean, values)
        self.filled[name] = mean
        self.notes.append(f"{name} has no value in {int(missing.sum()):,} rows: its mean {mean:.4g}")

    def data(self) -> DataSet:
        """The fields."""
        fields: dict[str, Tensor] = {}
        vocabularies: dict[str, tuple[str, ...]] = {}
        found = [part for name in self.features for part in self._features(name)]
        if found:
            fields[FEATURES] = self._floats(FEATURES, [values for _, values in found])
        for name, type in self.inputs.items():
            fields[name], texts = self._input(name, type)
            if texts:
                vocabularies[name] = texts
        classes: tuple[str, ...] = ()
        if self.choice.target:
            if isinstance(self.own, list):
                advice = f'as classes: label = "{self.wanted}"'
                self.fail(f"its column {self.wanted} is not made of numbers", advice)
            fields["target"] = self._floats(self.wanted, [self.own])
        else:
            fields["label"], classes = _labels(self.own)
        told = [self.table.notes[name] for name in self.table.names if name in self.table.notes]
        return DataSet(
            self.path.stem,
            Held(fields),
            classes,
            vocabularies=vocabularies,
            columns=tuple(name for name, _ in found),
            filled=self.filled,
            notes=(*told, *self.notes),
        )

    def _floats(self, name: str, columns: Sequence[NDArray[Any]]) -> Tensor:
        """Columns as float32 [N, columns], without a copy in their own element type."""
        made = torch.empty(len(columns[0]), len(columns))
        for index, values in enumerate(columns):
            made[:, index] = torch.from_numpy(values)
        if not bool(torch.isfinite(made).all()):
            self.fail(f"{name} has numbers beyond the range of float32", "scale them down")
        return made

    def _features(self, name: str) -> list[tuple[str, NDArray[Any]]]:
        """One column of numbers, or one of 0 and 1 for each text, with what each is."""
        column = self.columns[name]
        if not isinstance(column, list):
            return [(name, column)]
        texts = sorted(set(column))
        if len(texts) > TEXTS:
            advice = f'leave it out, without = ["{name}"], or take it as classes: input {name}: int[N]'
            self.fail(f"column {name} has {len(texts):,} different texts", advice)
        some = ", ".join(f"{name}={text}" for text in texts[:3]) + (", ..." if len(texts) > 3 else "")
        self.notes.append(f"{name} is texts, and becomes {len(texts)} features of 0 and 1: {some}")
        array = np.array(column)
        return [(f"{name}={text}", array == text) for text in texts]

    def _input(self, name: str, type: TensorType) -> tuple[Tensor, tuple[str, ...]]:
        """A column for an input of the model, and what its numbers mean if it is of texts."""
        column = self.columns[name]
        if type.dtype == "float":
            if isinstance(column, list):
                row = self.table.place(next((place for place, text in enumerate(column) if text), 0))
                advice = f"take it as classes: input {name}: int[N]"
                self.fail(f"column {name} is not made of numbers ({row})", advice)
            made = self._floats(name, [column])
            return (made.squeeze(1) if type.rank == 1 else made), ()
        if isinstance(column, list):
            texts = sorted(set(column))
            index = {text: number for number, text in enumerate(texts)}
            numbers, known = torch.tensor([index[text] for text in column]), tuple(texts)
        else:
            odd = np.flatnonzero(column != np.floor(column))
            if len(odd):
                reason = f"{self.table.place(int(odd[0]))} has {column[odd[0]]:g} for {name}, no whole number"
                self.fail(reason, f"take it as a number: input {name}: float[N, 1]")
            numbers, known = torch.from_numpy(column.astype(np.int64)), ()
        numbers = numbers.bool() if type.dtype == "bool" else numbers
        return (numbers.unsqueeze(1) if type.rank == 2 else numbers), known


def _chosen(values: Values, kept: NDArray[np.bool_]) -> Values:
    """Some rows of a column."""
    if isinstance(values, list):
        return [text for text, keep in zip(values, kept, strict=True) if keep]
    return values[kept]


def _labels(column: Values) -> tuple[Tensor, tuple[str, ...]]:
    """The class of each row, and what the classes mean; those that have numbers already keep them."""
    if not isinstance(column, list):
        if bool(((column >= 0) & (column < 2**53) & (column == np.floor(column))).all()):
            return torch.from_numpy(column.astype(np.int64)), ()
        column = [f"{number:g}" for number in column]
    known = sorted(set(column), key=_order)
    index = {text: number for number, text in enumerate(known)}
    return torch.tensor([index[text] for text in column]), tuple(known)


def _order(text: str) -> tuple[float, str]:
    """Numbers by their value, before texts."""
    try:
        return float(text), text
    except ValueError:
        return math.inf, text
