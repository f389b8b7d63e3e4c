"""Runs side by side as a page: their curves in one panel for each column, and the table of `nnspec runs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnspec.extras import need
from nnspec.output import replacing
from nnspec.report.curves import curves, panels_of_runs
from nnspec.report.document import Section, document, table
from nnspec.train.comparison import StoredRun, cell, compared, table_columns


def write_runs(path: Path, title: str, runs: Sequence[StoredRun], broken: Sequence[str] = ()) -> None:
    """Write the page.

    Args:
        path: the file.
        title: of the page.
        runs: that are compared.
        broken: why others are not.

    Raises:
        SpecError: the file cannot be written, or matplotlib is not installed.
    """
    need("a page of runs", "matplotlib")
    rows = compared(list(runs))
    names = table_columns(rows)
    cells = ([cell(name, row.get(name)) for name in names] for row in rows)
    heads = ["time" if name == "seconds" else name for name in names]
    drawn = curves(panels_of_runs({run.name: run.history for run in runs}))
    sections = [
        Section("Table", table("Last epoch, best value, and where the recipes differ", heads, cells), tuple(broken)),
        Section("Curves", f'<div class="figures">{drawn}</div>' if drawn else "", () if drawn else ("no epoch yet",)),
    ]
    text = document(title, f"{len(runs)} runs", sections)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
