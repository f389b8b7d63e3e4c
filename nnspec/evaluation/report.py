"""An evaluation in words, and its files: figures as JSON, confusions as tables and pictures, the worst samples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from nnspec.evaluation.figures import Figures, Row, Value
from nnspec.evaluation.judge import Bad, Evaluation
from nnspec.evaluation.worst import write_worst
from nnspec.infer.report import shown
from nnspec.train.confusion import write_confusion
from nnspec.train.folder import write

ROWS = 40  # classes that are printed; the rest is in the files
WIDTH = 110  # of a line
CONFUSED = 5  # pairs of classes that are told


def described(evaluation: Evaluation) -> Iterator[str]:
    """The figures in lines."""
    samples = f"{evaluation.samples:,} sample{'s' if evaluation.samples != 1 else ''}"
    part = "all of it" if evaluation.part == "all" else f"its {evaluation.part} part"
    yield f"{evaluation.weights} on {evaluation.data}, {part}: {samples}"
    for note in evaluation.notes:
        yield f"note: {note}"
    yield from _in_lines(evaluation.figures)
    for each in evaluation.comparisons:
        yield from _compared(each, evaluation.samples)
    if evaluation.worst:
        yield "worst:"
        yield from (f"  {_bad(each)}" for each in evaluation.worst[:CONFUSED])


def _in_lines(figures: dict[str, Value], head: str = "", indent: str = "") -> Iterator[str]:
    """Figures with their names, as many in a line as it takes."""
    line = head
    for name, value in figures.items():
        if value is None:
            continue
        told = f"{name} {_number(value)}"
        if line.strip() and len(line) + len(told) > WIDTH:
            yield line.rstrip()
            line = indent
        line += f"{told}  "
    yield line.rstrip()


def _number(value: Value) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}" if abs(value) < 1e4 else f"{value:.6g}"


def _compared(figures: Figures, samples: int) -> Iterator[str]:
    whole = {name: value for name, value in figures.whole.items() if (name, value) != ("samples", samples)}
    yield from _in_lines(whole, f"{figures.field}: ", "  ")
    yield from (f"  note: {note}" for note in figures.notes)
    if figures.rows:
        yield from _table(figures.rows)
    if figures.kind == "classes" and figures.confusion is not None:
        yield from _confused(figures)


def _table(rows: tuple[Row, ...]) -> Iterator[str]:
    """The figures of classes, labels or columns, one in a line."""
    names = list(rows[0].figures)
    width = max(len(shown(row.name)) for row in rows[:ROWS])
    columns = [max(len(name), 8) for name in names]
    heads = "  ".join(name.rjust(size) for name, size in zip(names, columns, strict=True))
    yield f"  {'':{width}}  {heads}"
    for row in rows[:ROWS]:
        cells = "  ".join(_number(row.figures[name]).rjust(size) for name, size in zip(names, columns, strict=True))
        yield f"  {shown(row.name):{width}}  {cells}"
    if len(rows) > ROWS:
        yield f"  and {len(rows) - ROWS} more"


def _confused(figures: Figures) -> Iterator[str]:
    """The pairs of classes that are confused most."""
    assert figures.confusion is not None
    wrong = figures.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSED]
    pairs = [divmod(int(place), len(wrong)) for place in order if wrong.flat[place]]
    if pairs:
        names = [shown(row.name) for row in figures.rows]
        told = ", ".join(f"{names[right]} for {names[found]} ({wrong[right, found]:,})" for right, found in pairs)
        yield f"  taken most often: {told}"


def _bad(bad: Bad) -> str:
    said = "".join(
        f"  is {shown(each.right)}, taken for {shown(each.found)}"
        + ("" if each.share is None else f" ({each.share:.1%})")
        for each in bad.said
    )
    return f"{bad.name}  loss {bad.loss:.4f}{said}"


def write_evaluation(folder: Path, evaluation: Evaluation) -> list[str]:
    """Write `evaluation.json`, the confusions of classes, and `worst.png`; the names of the files.

    Raises:
        SpecError: a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "evaluation.json", json.dumps(evaluation.to_json(), indent=1, allow_nan=False) + "\n")
    names = ["evaluation.json"]
    confused = [each for each in evaluation.comparisons if each.kind == "classes" and each.confusion is not None]
    for each in confused:
        stem = "confusion" if len(confused) == 1 else f"confusion_{each.field}"
        labels = [row.name for row in each.rows]
        write_confusion(folder, each.field, labels, torch.from_numpy(each.confusion), stem)
        names += [f"{stem}.csv", f"{stem}.png"]
    if evaluation.worst:
        write_worst(folder / "worst.png", evaluation.source, evaluation.worst)
        names.append("worst.png")
    return names
