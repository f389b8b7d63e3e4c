"""Data from tables: columns of numbers, and of texts that stand for classes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.columns import Column, csv_columns
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import instead, refuse
from nnspec.train.data.parquet import parquet_columns

TEXTS = 100  # how many different texts a column of features may have


def read_iris() -> DataSet:
    """The flowers of Fisher; ATTRIBUTION.md says where they come from."""
    return read_table(Path(__file__).parent / "iris.csv", None, None, None)


def read_table(path: Path, label: str | None, target: str | None, span: Span | None) -> DataSet:
    """`features` [N, columns], and `label` [N] or `target` [N, 1], of a CSV or a Parquet file.

    Raises:
        SpecError: the file is missing, is no table, or has no such column; or some value is missing.
    """

    def fail(reason: str, advice: str = 'write it as: table("file.csv", label = "kind")') -> NoReturn:
        refuse(path, reason, advice, span)

    columns = parquet_columns(path, span) if path.suffix == ".parquet" else csv_columns(path, span)
    wanted = label or target or list(columns)[-1]
    if label and target:
        fail("both a label and a target are asked for", "write one of them")
    if wanted not in columns:
        fail(f"it has no column {wanted}", instead(wanted, columns))
    if len(columns) < 2:
        fail("it has one column only", "a table needs features and what is wanted")
    own = columns.pop(wanted)
    features = [found for name, column in columns.items() for found in _features(path, name, column, span)]
    fields = {"features": _side_by_side([values for _, values in features])}
    if not bool(torch.isfinite(fields["features"]).all()):
        fail("it has numbers beyond the range of float32", "scale them down")
    names = tuple(name for name, _ in features)
    if target:
        if isinstance(own, list):
            fail(f"its column {target} is not made of numbers", f'as classes: label = "{target}"')
        return DataSet(path.stem, {**fields, "target": torch.from_numpy(own).float().view(-1, 1)}, columns=names)
    labels, classes = _labels(own)
    return DataSet(path.stem, {**fields, "label": labels}, classes, columns=names)


def _side_by_side(columns: list[NDArray[Any]]) -> Tensor:
    """Columns as float32 [N, columns], without a copy in their own element type."""
    made = torch.empty(len(columns[0]), len(columns))
    for index, values in enumerate(columns):
        made[:, index] = torch.from_numpy(values)
    return made


def _features(path: Path, name: str, column: Column, span: Span | None) -> list[tuple[str, NDArray[Any]]]:
    """One column of numbers, or one of 0 and 1 for each text, with what each is."""
    if not isinstance(column, list):
        return [(name, column)]
    texts = sorted(set(column))
    if len(texts) > TEXTS:
        refuse(path, f"column {name} has {len(texts):,} different texts", "remove it, or make it numbers", span)
    array = np.array(column)
    return [(f"{name}={text}", array == text) for text in texts]


def _labels(column: Column) -> tuple[Tensor, tuple[str, ...]]:
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
