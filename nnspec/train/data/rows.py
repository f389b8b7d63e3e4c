"""The rows of tables and of labelled texts: which are read, of which part they are, and what is wanted of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.reading.categories import numbered
from nnspec.reading.folders import TESTED, TRAINING, VALIDATED
from nnspec.reading.many_texts import AT_ONCE, Coded, ManyTexts
from nnspec.reading.table import Table, Values, missing_in
from nnspec.reading.unreadable import Unreadable
from nnspec.recipe.data import Table as Choice
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import instead
from nnspec.train.data.known import Known
from nnspec.train.data.mapped import Mapped
from nnspec.train.data.samples import Held, Samples
from nnspec.train.data.staged import StagedTable, table_of
from nnspec.train.mistakes import BadData
from nnspec.train.supply import Supply

Portions = Callable[[slice], NDArray[Any]]  # the numbers of some rows
PARTS = (TRAINING, VALIDATED, TESTED)  # the names of each part


class Rows:
    """A table, the columns that are wanted, and those of its rows that are read."""

    def __init__(self, path: Path, choice: Choice, known: Known | None, span: Span | None, supply: Supply) -> None:
        """Open a table.

        Raises:
            Unreadable: there is no such file, or it is no table.
            SpecError: it has not the columns that are wanted.
        """
        self.path = path
        self.choice = choice
        self.known = known
        self.span = span
        self.table: Table = table_of(path, 1 if known else 2, supply)
        for name in (
            *choice.without,
            *choice.labels.values(),
            *choice.targets,
            *([choice.part] if choice.part else []),
        ):
            self.need(name)
        twice = [name for name in choice.labels.values() if name in choice.targets]
        if twice:
            self.fail(f"{twice[0]} is a label and a target at once", "write it once")
        apart = {*choice.without, choice.part}
        self.names = [name for name in self.table.names if name not in apart]
        self.labels = choice.labels
        if not self.labels and not choice.targets and self.names:
            self.labels = {"label": self.names[-1]}
        self.wanted = {name: self._wanted(name) for name in (*self.labels.values(), *choice.targets)}
        self.columns: dict[str, Values] = {}
        self.notes: list[str] = []
        self.mapped: dict[int, NDArray[Any]] = {}  # fields in files, by where they are in memory
        self.order: NDArray[np.int64] = np.arange(self.table.rows)  # the rows that are read, part by part
        self.counts = (0, 0)  # of them, those for validation and for the test, which come last

    def fail(self, reason: str, advice: str) -> NoReturn:
        """Refuse the file."""
        raise SpecError.of(BadData(self.span, str(self.path), reason, advice))

    def need(self, name: str) -> None:
        """Check that there is a column.

        Raises:
            SpecError: there is none.
        """
        if name not in self.table.names:
            self.fail(f"it has no column {name}", instead(name, self.table.names))

    def _wanted(self, name: str) -> Values:
        """A wanted column: numbers, or for a label what is written, whatever that is."""
        try:
            return self.table.values(name)
        except Unreadable:
            if name in self.choice.targets:
                raise
            return self.table.texts(name)

    def settle(self) -> None:
        """Leave out the rows that the recipe leaves out, put the others in the order of their parts.

        Raises:
            SpecError: a value is missing, and the recipe says nothing of that; or a part has no rows.
        """
        kept = self._kept()
        parts = np.zeros(self.table.rows, np.int64) if self.choice.part is None else self._parts(self.choice.part)
        order = np.flatnonzero(kept)
        self.order = order[np.argsort(parts[order], kind="stable")]
        sizes = np.bincount(parts[order], minlength=len(PARTS))
        self.counts = int(sizes[1]), int(sizes[2])
        if len(self.order) < (1 if self.known else 2) or not sizes[0]:
            self.fail(f"{int(sizes[0])} of its rows can be trained on", "give rows with all values")
        self.columns = {name: self._chosen(values) for name, values in self.columns.items()}
        self.wanted = {name: self._chosen(values) for name, values in self.wanted.items()}

    def place(self, index: int) -> str:
        """A row that is read, in words."""
        return self.table.place(int(self.order[index]))

    def named(self, index: int) -> str:
        """A row that is read, with its file."""
        return f"{self.path.name}, {self.place(index)}"

    @property
    def trained(self) -> int:
        """The number of rows by which is told what numbers stand for: all but those that are said to be held out."""
        return len(self.order) - sum(self.counts)

    def _chosen(self, values: Values) -> Values:
        if len(self.order) == self.table.rows and bool((np.diff(self.order) == 1).all()):
            return values
        if isinstance(values, ManyTexts):
            return values.chosen(self.order)
        return values[self.order] if isinstance(values, np.ndarray) else [values[index] for index in self.order]

    def _kept(self) -> NDArray[np.bool_]:
        """The rows that have what they need."""
        named = {**self.columns, **self.wanted}
        needed = named if self.choice.missing in (None, "drop") else self.wanted
        kept = np.ones(self.table.rows, np.bool_)
        lacking = False
        for name in [*needed, *(name for name in named if name not in needed)]:
            missing = missing_in(named[name])
            if name in needed and bool(missing.any()):
                lacking = True
                if self.choice.missing != "drop":
                    row = self.table.place(int(np.flatnonzero(missing)[0]))
                    self.fail(f"{row} has no value for {name}", f"fill it in, or {self.ways(name)}")
            kept &= ~missing
        if not lacking:
            kept[:] = True
        if lacking:
            if int(kept.sum()) < 2:
                self.fail(f"{int(kept.sum())} of its rows have all values", 'write missing = "mean"')
            self.notes.append(f"{int((~kept).sum()):,} rows with missing values are left out")
        return kept

    def ways(self, name: str) -> str:
        """The ways out where a column lacks a value."""
        drop = 'leave such rows out: missing = "drop"'
        wanted = self.choice.missing is not None or name in self.wanted
        return drop if wanted else f'{drop}; or take the mean of the column: missing = "mean"'

    def _parts(self, name: str) -> NDArray[np.int64]:
        """The part that each row says it is of."""
        numbers = {text: number for number, texts in enumerate(PARTS) for text in texts}
        texts = self.table.texts(name)
        found = np.fromiter((numbers.get(text.lower(), -1) for text in texts), np.int64, len(texts))
        if (found < 0).any():
            odd = int(found.argmin())
            self.fail(f"{self.table.place(odd)} has {texts[odd]!r} for {name}", "write train, validation or test")
        return found

    def wanted_fields(self) -> tuple[dict[str, Tensor], dict[str, tuple[str, ...]]]:
        """The fields of what is wanted, and the names of the classes of each."""
        fields: dict[str, Tensor] = {}
        names: dict[str, tuple[str, ...]] = {}
        for field, column in self.labels.items():
            fields[field], names[field] = self._label(field, column)
        targets = self.choice.targets
        if targets:
            odd = next((name for name in targets if not isinstance(self.wanted[name], np.ndarray)), None)
            if odd is not None:
                self.fail(f"its column {odd} is not made of numbers", f'as classes: label = "{odd}"')
            fields["target"] = self.floats(
                targets[0] if len(targets) == 1 else "target",
                {name: portions(self.wanted[name]) for name in targets},
                targets,
            )
            if len(targets) > 1:
                names["target"] = targets
        return fields, {field: texts for field, texts in names.items() if texts}

    def data_set(self, fields: Mapping[str, Tensor], vocabularies: Mapping[str, tuple[str, ...]]) -> DataSet:
        """The data of these fields and of what is wanted, with its parts and what is told of the columns."""
        wanted, names = self.wanted_fields()
        told = [self.table.notes[name] for name in self.table.names if name in self.table.notes]
        validated, tested = self.counts
        return DataSet(
            self.path.stem,
            self._samples({**fields, **wanted}),
            names.pop("label", ()),
            vocabularies={**vocabularies, **names},
            held_out=validated or None,
            tested=tested or None,
            notes=(*told, *self.notes),
        )

    def _samples(self, fields: Mapping[str, Tensor]) -> Samples:
        """The samples of these fields, mapped where they are in files."""
        if not isinstance(self.table, StagedTable):
            return Held(fields, named=self.named)
        arrays: dict[str, NDArray[Any]] = {}
        for name, tensor in fields.items():
            mapped = self.mapped.get(tensor.data_ptr())
            arrays[name] = tensor.numpy() if mapped is None or mapped.shape != tensor.shape else mapped
        made = Mapped(arrays, frozenset(), self.named)
        self.table.spool.last_as_long_as(made)
        self.table.release()
        self.columns, self.wanted, self.mapped = {}, {}, {}  # what is mapped of them counts as memory
        return made

    def room(self, dtype: torch.dtype, *sizes: int) -> Tensor:
        """An empty tensor, of a large table in a file."""
        if not isinstance(self.table, StagedTable):
            return torch.empty(sizes, dtype=dtype)
        own = torch.empty(0, dtype=dtype).numpy().dtype
        array = np.memmap(self.table.spool.folder / f"field {len(self.mapped)}", own, "w+", 0, sizes)
        made = torch.from_numpy(array)
        self.mapped[made.data_ptr()] = array
        return made

    def floats(self, name: str, columns: Mapping[str, Portions], chosen: tuple[str, ...]) -> Tensor:
        """Columns as float32 [N, columns], without a copy in their own element type."""
        made = self.room(torch.float32, len(self.order), len(chosen))
        for start in range(0, len(made), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            for index, column in enumerate(chosen):
                made[rows, index] = torch.from_numpy(np.array(columns[column](rows)))
            if not bool(torch.isfinite(made[rows]).all()):
                self.fail(f"{name} has numbers beyond the range of float32", "scale them down")
        return made

    def _label(self, field: str, column: str) -> tuple[Tensor, tuple[str, ...]]:
        """The class of each row, and what the classes mean; those that have numbers already keep them."""
        values, known = self.wanted[column], self.known.names(field) if self.known else ()
        if isinstance(values, np.ndarray):
            if not known and bool(((values >= 0) & (values < 2**53) & (values == np.floor(values))).all()):
                return torch.from_numpy(values.astype(np.int64)), ()
            values = Coded.of_numbers(values)
        known = known or tuple(sorted(set(values[: self.trained]), key=_order))
        numbers, new = numbered(values, known)
        if new is not None:
            reason = f"{self.place(new)} has {values[new]!r} for {column}, a class that training has not seen"
            self.fail(reason, f"it knows {', '.join(known[:8])}; leave the row out")
        return torch.from_numpy(numbers), known


def portions(values: Values) -> Portions:
    """The numbers of some rows of a column."""
    assert isinstance(values, np.ndarray)
    return values.__getitem__


def _order(text: str) -> tuple[float, str]:
    """Numbers by their value, before texts."""
    try:
        return float(text), text
    except ValueError:
        return math.inf, text
