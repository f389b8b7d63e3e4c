"""Rows of a table as inputs, by the names of its columns; texts become what training made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from nnspec.infer.fail import read_from, refuse
from nnspec.infer.metadata import FILLED, NAMES, VOCABULARIES, statistics, stored
from nnspec.infer.ports import TensorPort
from nnspec.infer.tokens import FORM, TEXTS, encode_texts
from nnspec.reading.categories import UNKNOWN, numbered
from nnspec.reading.table import Table, missing_in
from nnspec.reading.tables import open_table
from nnspec.weights.arrays import Array


class TableInputs:
    """A table, and what training has stored of its columns."""

    def __init__(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Open the file.

        Raises:
            SpecError: it is no table.
        """
        self.path = path
        self.metadata = metadata
        with read_from(path):
            self.table: Table = open_table(path)
        self.filled = stored(metadata, "nnspec.filled", FILLED) or {}
        self.known = stored(metadata, "nnspec.vocabularies", VOCABULARIES) or {}
        self.features = stored(metadata, "nnspec.columns", NAMES) or []
        self.texts = stored(metadata, TEXTS, FORM) or {}
        self._used: set[str] = set()
        self.counts: Array | None = None  # of the tokens of the texts that were read last
        self._lengths: dict[str, Array] = {}

    @property
    def samples(self) -> tuple[str, ...]:
        """What its rows are called."""
        return tuple(f"{self.path.name}, {self.table.place(index)}" for index in range(self.table.rows))

    def feeds(self, port: TensorPort) -> bool:
        """Whether a column has the name of an input, or of the texts that an input was trained on."""
        return self._column_for(port) in self.table.names

    def _column_for(self, port: TensorPort) -> str:
        known = self.texts.get(port.name)
        return port.name if known is None or port.name in self.table.names else known.column

    def inputs(self, ports: Iterable[TensorPort]) -> dict[str, Array]:
        """The inputs that the columns feed: those of their names, and of the others the first one that takes rows.

        Raises:
            SpecError: a column is missing, or a value does not fit.
        """
        given = list(ports)
        named = [port for port in given if self.feeds(port)]
        rest = [port for port in given if not self.feeds(port) and len(port.shape) == 2 and port.dtype.kind == "f"]
        others = rest[:1] if self.features or not named else []
        found = {port.name: self.read(port) for port in (*named, *others)}
        names = {port.name for port in given} - found.keys()
        return {**found, **{name: counts for name, counts in self._lengths.items() if name in names}}

    def read(self, port: TensorPort) -> Array:
        """The values of an input from its columns.

        Raises:
            SpecError: a column is missing, or a value does not fit.
        """
        with read_from(self.path):
            if port.name in self.texts:
                return self._tokens(port)
            return self._column(port) if self.feeds(port) else self._features(port)

    def tell_unused(self, tell: Callable[[str], None]) -> None:
        """Say which columns no input took, and how the others are written where that is not plain."""
        unused = [name for name in self.table.names if name not in self._used]
        if unused:
            tell(f"{self.path}: the model does not use {', '.join(unused)}")
        for note in self.table.notes.values():
            tell(f"{self.path}: {note}")

    def _tokens(self, port: TensorPort) -> Array:
        """[N, T]."""
        name = self._column_for(port)
        self._used.add(name)
        texts = self.table.texts(name)
        if "" in texts:
            refuse(self.path, f"{self.table.place(texts.index(''))} has no value for {name}", "fill it in")
        array, counts = encode_texts(texts, port, self.metadata)
        self.counts = counts
        self._lengths |= {"lengths": counts, f"{port.name}_lengths": counts}
        return array

    def _column(self, port: TensorPort) -> Array:
        """[N], or [N, 1]."""
        name = port.name
        if name in self.known:
            texts = self._texts(name, self.known[name])
            values, new = numbered(texts, self.known[name])
            if new is not None:
                some = ", ".join(self.known[name][:8])
                reason = f"{self.table.place(new)} has {texts[new]!r} for {name}, which training has not seen"
                refuse(self.path, reason, f"it knows {some}; leave the row out, or train with rare = 1")
        else:
            values = self._numbers(name)
            odd: list[int] = np.flatnonzero(values != np.floor(values)).tolist() if port.dtype.kind in "iu" else []
            if len(odd):
                refuse(self.path, f"{self.table.place(odd[0])} has {values[odd[0]]:g} for {name}, no whole number")
        if port.dtype.kind != "f":
            return (values[:, None] if len(port.shape) == 2 else values).astype(port.dtype)
        normal = self._normalised(port, values[:, None])
        return normal if len(port.shape) == 2 else normal[:, 0]

    def _features(self, port: TensorPort) -> Array:
        """[N, columns]; a model without stored names takes all columns in their order."""
        names = self.features or list(self.table.names)
        if len(port.shape) == 2 and port.shape[1] not in (None, len(names)) and isinstance(port.shape[1], int):
            refuse(self.path, f"it has {len(names)} columns, and {port.name} takes {port.shape[1]}")
        return self._normalised(port, np.stack([self._feature(name) for name in names], axis=1))

    def _feature(self, name: str) -> Array:
        """A column of numbers, or for `colour=red` 1 where the column colour is red."""
        column, _, text = name.partition("=")
        if name in self.table.names:
            return self._numbers(name)
        if column == name or column not in self.table.names:
            refuse(self.path, f"it has no column {column}; it has {', '.join(self.table.names)}")
        known = [each.removeprefix(f"{column}=") for each in self.features if each.startswith(f"{column}=")]
        texts = self._texts(column, known)
        numbers, new = numbered(texts, known)
        if new is not None:
            what = f"{self.table.place(new)} has {texts[new]!r} for {column}"
            self.table.notes[column] = f"{what}, which training has not seen: none of {', '.join(known[:8])}"
        return np.asarray(numbers == known.index(text), np.float64)

    def _numbers(self, name: str) -> Array:
        self._used.add(name)
        values = self.table.numbers(name)
        missing = missing_in(values)
        if bool(missing.any()):
            if not isinstance(self.filled.get(name), float):
                refuse(self.path, f"{self.table.place(int(np.flatnonzero(missing)[0]))} has no value for {name}",
                       'fill it in, or train with missing = "mean"')  # fmt: skip
            values = np.where(missing, float(self.filled[name]), values)
        return values

    def _texts(self, name: str, known: Sequence[str]) -> Sequence[str]:
        """A column of texts; one that is missing must have been so in training."""
        self._used.add(name)
        texts = self.table.texts(name)
        if "" in texts and "" not in known and UNKNOWN not in known:
            refuse(self.path, f"{self.table.place(texts.index(''))} has no value for {name}", "fill it in")
        return texts

    def _normalised(self, port: TensorPort, rows: Array) -> Array:
        mean, std = statistics(self.metadata, port.name, rows.shape[1])
        return np.asarray((rows - np.array(mean)) / np.array(std), np.float32)
