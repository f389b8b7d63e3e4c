"""`nnspec runs`: the runs in a folder, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nnspec.cli.options import reporting, show
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.train.clock import show_time
from nnspec.train.comparison import Cell, differences, find_runs, read_run


class NoRuns(Diagnostic):
    """The folder holds no runs of `nnspec train`."""

    code = "E0619"
    folder: str

    @property
    def message(self) -> str:
        return f"{self.folder}: there are no runs in it"

    @property
    def help(self) -> str | None:
        return "name the folder that `nnspec train` wrote to: nnspec runs runs"


@click.command("runs")
@click.argument("folder", metavar="DIR", default="runs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(folder: str, as_json: bool) -> None:
    """Compare the runs in DIR: what their last epochs gave, the best value of each, and what differs in their recipes.

    A run with 3/10 epochs is not finished, or stopped early: `nnspec train --resume DIR/NAME` goes on with it.
    """
    runs, broken = [], []
    for path in find_runs(Path(folder)):
        try:
            runs.append(read_run(path))
        except SpecError as error:
            broken += error.found
    if not runs and not broken:
        raise SpecError.of(NoRuns(None, folder))
    differing = differences(runs)
    if as_json:
        rows = [{**run.row, "recipe": recipe} for run, recipe in zip(runs, differing, strict=True)]
        click.echo(json.dumps(rows, indent=1))
    else:
        recipes = [{f"{key} =": value for key, value in recipe.items()} for recipe in differing]
        click.echo(table([{**run.row, **recipe} for run, recipe in zip(runs, recipes, strict=True)]), nl=False)
    if broken:
        show(broken)


def table(rows: list[dict[str, Cell]]) -> str:
    """Rows as aligned columns, texts to the left; what a run does not have is left empty."""
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if value is not None))
    names.sort(key=_section)
    texts = {name for row in rows for name, value in row.items() if isinstance(value, str)}
    heads = ["time" if name == "seconds" else name for name in names]
    cells = [heads, *([_shown(name, row.get(name)) for name in names] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(names))]
    lines = [
        "  ".join(
            cell.ljust(width) if name in texts else cell.rjust(width)
            for name, cell, width in zip(names, row, widths, strict=True)
        )
        for row in cells
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _section(name: str) -> int:
    """The group of a column: the run, its last epoch, its best value, its recipe, in this order."""
    if name.endswith("="):
        return 3
    return 0 if name in ("run", "model", "epochs") else 2 if name in ("best", "in epoch", "seconds") else 1


def _shown(name: str, value: Cell) -> str:
    if value is None:
        return ""
    if name == "seconds" and isinstance(value, float):
        return show_time(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)
