"""`nnspec runs`: the runs in a folder, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import click

from nnspec.cli.options import reporting, show
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.extras import need
from nnspec.train.comparison import Cell, cell, compared, differences, find_runs, read_run, table_columns


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
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE",
              help="Write them side by side as a page, too: curves of all runs together.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reporting
def command(folder: str, html: Path | None, as_json: bool) -> None:
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
    if html is not None:
        need("a page of runs", "matplotlib")
        from nnspec.report.runs import write_runs  # here: only now is matplotlib known to be installed

        write_runs(html, f"Runs in {folder}", runs, [found.diagnostic.message for found in broken])
    if as_json:
        rows = [{**run.row, "recipe": recipe} for run, recipe in zip(runs, differences(runs), strict=True)]
        click.echo(json.dumps(rows, indent=1))
    else:
        click.echo(table(compared(runs)), nl=False)
    if html is not None:
        click.echo(f"side by side in {html}", err=as_json)
    if broken:
        show(broken)


def table(rows: list[dict[str, Cell]]) -> str:
    """Rows as aligned columns, texts to the left; what a run does not have is left empty."""
    names = table_columns(rows)
    texts = {name for row in rows for name, value in row.items() if isinstance(value, str)}
    heads = ["time" if name == "seconds" else name for name in names]
    cells = [heads, *([cell(name, row.get(name)) for name in names] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(names))]
    lines = [
        "  ".join(
            text.ljust(width) if name in texts else text.rjust(width)
            for name, text, width in zip(names, row, widths, strict=True)
        )
        for row in cells
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)
