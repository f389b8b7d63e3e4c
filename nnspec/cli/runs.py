"""`nnspec runs`: the runs in a folder, side by side. It reads their tables only, and needs no torch."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import click

from nnspec.cli.columns import columns
from nnspec.cli.options import reporting
from nnspec.diagnostics import Diagnostic, SpecError

LEFT_OUT = frozenset({"epoch", "steps", "learning_rate", "samples_per_second"})


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
    """Compare the runs in DIR: what their last epochs gave, and the best value of each."""
    found = [row for path in sorted(Path(folder).glob("*/metrics.csv")) if (row := read_run(path.parent))]
    if not found:
        raise SpecError.of(NoRuns(None, folder))
    click.echo(json.dumps(found, indent=1) if as_json else table(found), nl=as_json)


def read_run(folder: Path) -> dict[str, str | float | None] | None:
    """The last row of a run's metrics, with its best value; None for a folder that is no run."""
    try:
        with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        position = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        last = {name: _number(text) for name, text in (rows[-1] if rows else {}).items() if name not in LEFT_OUT}
        best = {"best": position["best"], "in epoch": position["best_epoch"]}
        return {"run": folder.name, "epochs": len(rows), **last, **best}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _number(text: str) -> float | None:
    return float(text) if text else None


def table(rows: list[dict[str, str | float | None]]) -> str:
    """Rows as aligned columns; what a run does not have is left empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    names.sort(key=lambda name: name in ("best", "in epoch"))  # last, in their order
    cells = [names, *([_shown(row.get(name)) for name in names] for row in rows)]
    return "".join(f"{line}\n" for line in columns(cells, numbers=True))


def _shown(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)
