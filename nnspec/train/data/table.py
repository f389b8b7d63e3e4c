"""Data from CSV files: columns of numbers, and of texts that stand for classes."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import NoReturn

import torch

from nnspec.diagnostics import Span, nearest
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import RELATIVE, need_room, refuse

TEXTS = 100  # how many different texts a column of features may have
Column = list[str]


def read_iris() -> DataSet:
    """The flowers of Fisher; ATTRIBUTION.md says where they come from."""
    return read_table(Path(__file__).parent / "iris.csv", None, None, None)


def read_table(path: Path, label: str | None, target: str | None, span: Span | None) -> DataSet:
    """`features` [N, columns], and `label` [N] or `target` [N, 1].

    Raises:
        SpecError: the file is missing, is no table, or has no such column; or some value is missing.
    """

    def fail(reason: str, advice: str = 'write it as: table("file.csv", label = "kind")') -> NoReturn:
        refuse(path, reason, advice, span)

    columns = _columns(path, span)
    wanted = label or target or list(columns)[-1]
    if label and target:
        fail("both a label and a target are asked for", "write one of them")
    if wanted not in columns:
        close = nearest(wanted, columns)
        fail(f"it has no column {wanted}", f"did you mean {close}?" if close else f"it has {', '.join(columns)}")
    if len(columns) < 2:
        fail("it has one column only", "a table needs features and what is wanted")
    own = columns.pop(wanted)
    features = [values for name, column in columns.items() for values in _features(path, name, column, span)]
    fields = {"features": torch.tensor(features).T.contiguous()}
    if target:
        numbers = _numbers(own)
        if numbers is None:
            fail(f"its column {target} is not made of numbers", f'as classes: label = "{target}"')
        return DataSet(path.stem, {**fields, "target": torch.tensor(numbers).view(-1, 1)})
    known = sorted(set(own), key=_order)
    if all(text.isdecimal() for text in known):  # classes that have numbers keep them
        return DataSet(path.stem, {**fields, "label": torch.tensor([int(text) for text in own])})
    index = {text: number for number, text in enumerate(known)}
    return DataSet(path.stem, {**fields, "label": torch.tensor([index[text] for text in own])}, tuple(known))


def _columns(path: Path, span: Span | None) -> dict[str, Column]:
    """The columns by name; every row has as many values, none is empty."""
    try:
        need_room(path, 16 * path.stat().st_size, span)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except FileNotFoundError:
        refuse(path, "there is no such file", RELATIVE, span)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        refuse(path, f"it cannot be read ({error})", "save it as CSV in UTF-8", span)
    names = [name.strip() for name in rows[0]] if rows else []
    if len(rows) < 3 or len(set(names)) < len(names):
        refuse(path, "it needs a line of different names and at least two rows", "save it as CSV in UTF-8", span)
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            refuse(path, f"row {number} has {len(row)} values, and there are {len(names)} columns", "mend it", span)
        empty = next((name for name, text in zip(names, row, strict=True) if not text.strip()), None)
        if empty is not None:
            refuse(path, f"row {number} has no value for {empty}", "fill it in, or remove the row", span)
    return {name: [row[index].strip() for row in rows[1:]] for index, name in enumerate(names)}


def _features(path: Path, name: str, column: Column, span: Span | None) -> list[list[float]]:
    """One column of numbers, or one of 0 and 1 for each text."""
    numbers = _numbers(column)
    if numbers is not None:
        return [numbers]
    texts = sorted(set(column))
    if len(texts) > TEXTS:
        refuse(path, f"column {name} has {len(texts):,} different texts", "remove it, or make it numbers", span)
    return [[float(value == text) for value in column] for text in texts]


def _numbers(column: Column) -> list[float] | None:
    """The column as finite numbers; None where it has others."""
    try:
        numbers = [float(text) for text in column]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _order(text: str) -> tuple[float, str]:
    """Numbers by their value, before texts."""
    return (float(text), text) if text.isdecimal() else (math.inf, text)
