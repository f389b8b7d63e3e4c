"""Runs side by side: what each gave, and where their recipes differ. Reads tables only, and imports nothing heavy."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.kinds import RUN
from nnspec.manifest import check_digest
from nnspec.recipe.recipe import EXPRESSIONS, find
from nnspec.record import Record
from nnspec.train.clock import show_time
from nnspec.train.mistakes import BadRun
from nnspec.train.settings import Settings, read_settings, subject

METRICS = "metrics.csv"
LEFT_OUT = frozenset({"epoch", "steps", "learning_rate", "samples_per_second", "seconds"})
Cell = str | float | None


class StoredRun(Record):
    """A run as its folder tells of it."""

    name: str
    settings: Settings
    history: list[dict[str, float | None]]  # one row an epoch

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe it was trained by, without its length: a choice is `{"AdamW": {"lr": 0.01, ...}}`."""
        given = {key: value for key, value in self.settings.recipe.items() if subject(key) in EXPRESSIONS}
        return {**{key: value for key, value in self.settings.resolved.items() if key != "epochs"}, **given}

    @property
    def best(self) -> tuple[float | None, int | None]:
        """The best value of its measure, and the epoch; nothing where there is none yet."""
        column = [row.get(self.settings.measure or "") for row in self.history]
        values = [(value, place) for place, value in enumerate(column, 1) if value is not None and isfinite(value)]
        sign = -1 if self.settings.rises else 1
        return min(values, key=lambda found: sign * found[0]) if values else (None, None)

    @property
    def row(self) -> dict[str, Cell]:
        """The values of its last epoch, and the best value."""
        last = self.history[-1] if self.history else {}
        best, epoch = self.best
        return {
            "run": self.name,
            "model": self.settings.model,
            "epochs": f"{len(self.history)}/{self.settings.resolved.get('epochs', '?')}",
            **{name: value for name, value in last.items() if name not in LEFT_OUT},
            "best": best,
            "in epoch": epoch,
            "seconds": last.get("seconds"),
        }


def table_columns(rows: Iterable[Mapping[str, Cell]]) -> list[str]:
    """The columns of a table of runs: the run, its last epoch, its best value, its recipe, in this order."""
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if value is not None))
    return sorted(names, key=_section)


def _section(name: str) -> int:
    if name.endswith("="):
        return 3
    return 0 if name in ("run", "model", "epochs") else 2 if name in ("best", "in epoch", "seconds") else 1


def cell(name: str, value: Cell) -> str:
    """A value of a table of runs in words; nothing where a run has none."""
    if value is None:
        return ""
    if name == "seconds" and isinstance(value, float):
        return show_time(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def compared(runs: list[StoredRun]) -> list[dict[str, Cell]]:
    """The rows of a table of runs, with what differs in their recipes."""
    recipes = differences(runs)
    return [{**run.row, **{f"{key} =": value for key, value in recipe.items()}}
            for run, recipe in zip(runs, recipes, strict=True)]  # fmt: skip


def find_runs(folder: Path) -> list[Path]:
    """The folders of runs in a folder, by name."""
    return sorted(path.parent for path in folder.glob(f"*/{RUN}"))


def read_run(folder: Path) -> StoredRun:
    """The run of a folder.

    Raises:
        SpecError: its files cannot be read, or are not those that were written.
    """
    check_digest(folder / RUN)
    return StoredRun(folder.name, read_settings(folder), _history(folder))


def _history(folder: Path) -> list[dict[str, float | None]]:
    path = folder / METRICS
    check_digest(path)
    if not path.exists():
        return []  # it has not come to the end of its first epoch
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            return [{name: float(text) if text else None for name, text in row.items()} for row in rows]
    except (OSError, ValueError, TypeError):
        raise SpecError.of(BadRun(None, str(folder), f"its {METRICS} cannot be read", "start the run again")) from None


def differences(runs: list[StoredRun]) -> list[dict[str, Cell]]:
    """For each run, the values of its recipe that are not the same in all, as a spec writes them."""
    recipes = [run.recipe for run in runs]
    keys = [key for key in dict.fromkeys(key for recipe in recipes for key in recipe)
            if any(recipe.get(key) != recipes[0].get(key) for recipe in recipes)]  # fmt: skip
    columns = {key: [recipe.get(key) for recipe in recipes] for key in keys}
    return [{key: written(key, recipe.get(key), columns[key]) for key in keys} for recipe in recipes]


def written(key: str, value: Any, column: Sequence[Any] = ()) -> Cell:
    """A value of a recipe in a line; `column` are those of the runs that it is compared with."""
    if isinstance(value, list):
        return "[" + ", ".join(str(written(key, item)) for item in value) + "]"
    if isinstance(value, Mapping):
        ((word, arguments),) = value.items()
        return _choice(key, word, arguments, [other[word] for other in column if other and word in other])
    return json.dumps(value) if isinstance(value, bool) else value  # as a spec writes it


def _choice(key: str, word: str, arguments: Mapping[str, Any], others: list[Mapping[str, Any]]) -> str:
    """`AdamW(lr = 0.01)`: the arguments that are no defaults, or differ from those of the same choice in other runs."""
    choice = find(subject(key), word)
    defaults = {name: field.default for name, field in choice.model_fields.items()} if choice else {}
    shown = [f"{name} = {json.dumps(own)}" for name, own in arguments.items()
             if own != _plain(defaults.get(name)) or any(other.get(name) != own for other in others)]  # fmt: skip
    return f"{word}({', '.join(shown)})" if shown else word


def _plain(value: Any) -> Any:
    """A default as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
