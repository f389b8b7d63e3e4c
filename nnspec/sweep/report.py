"""The outcome of a search: a table of its trials, as text, as CSV and as a picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from optuna import Study
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState
from PIL import Image

from nnspec.output import replacing
from nnspec.record import Record
from nnspec.train.plot import BLUE, ORANGE, Axis, Panel, axis

TABLE, PICTURE = "trials.csv", "sweep.png"
SHOWN = 20  # trials in the table that is printed
WIDTH, HEIGHT, COLUMNS = 400, 280, 3  # of a panel, in pixels; panels side by side


class Row(Record):
    """A trial."""

    number: int
    state: str  # complete, pruned, fail, running
    settings: dict[str, float | int | str]
    value: float | None  # the best of its run
    epoch: int | None  # in which that was
    seconds: float | None
    reason: str  # by which it failed

    @property
    def shown(self) -> dict[str, str]:
        """Its settings as texts."""
        return {name: f"{value:.4g}" if isinstance(value, float) else str(value)
                for name, value in self.settings.items()}  # fmt: skip


class Outcome(Record):
    """All trials of a search so far, the best ones first."""

    folder: Path
    measure: str
    rises: bool
    rows: tuple[Row, ...]

    @property
    def best(self) -> Row | None:
        """The best trial."""
        return self.rows[0] if self.rows and self.rows[0].value is not None else None

    @property
    def text(self) -> str:
        """The table, and the best settings."""
        shown = self.rows[:SHOWN]
        names = list(dict.fromkeys(name for row in shown for name in row.settings))
        cells = [["trial", *names, self.measure, "epoch", "state"]]
        for row in shown:
            value = "" if row.value is None else f"{row.value:.4f}"
            own = [row.shown.get(name, "") for name in names]
            cells.append([str(row.number), *own, value, str(row.epoch or ""), row.reason or row.state])
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join([*map(str.rjust, row[:-1], widths), row[-1]]) for row in cells]
        rest = len(self.rows) - len(shown)
        more = [f"and {rest} more, in {self.folder / TABLE}"] if rest else []
        running = sum(row.state == "running" for row in self.rows)
        busy = [f"{running} of them {'is' if running == 1 else 'are'} still running in other processes"]
        return "\n".join([*lines, *more, *(busy if running else [])])


def outcome(study: Study, folder: Path, measure: str, rises: bool, names: Sequence[str]) -> Outcome:
    """The trials of a study so far, which are written to `trials.csv` and `sweep.png`.

    Raises:
        SpecError: a file cannot be written.
    """
    trials = study.get_trials(deepcopy=False)
    sign = -1 if rises else 1
    rows = sorted(map(_row, trials), key=lambda row: (row.value is None, sign * (row.value or 0.0), row.number))
    found = Outcome(folder, measure, rises, tuple(rows))
    with replacing(folder / TABLE) as temporary:
        _write(temporary, found, names)
    with replacing(folder / PICTURE) as temporary:
        _draw(found, trials, names).save(temporary, "PNG")
    return found


def _row(trial: FrozenTrial) -> Row:
    known = trial.user_attrs
    seconds = trial.duration.total_seconds() if trial.duration is not None else None
    return Row(trial.number, trial.state.name.lower(), dict(trial.params), known.get("best"), known.get("epoch"),
               seconds, known.get("reason", ""))  # fmt: skip


def describe(trial: FrozenTrial, measure: str) -> str:
    """`trial 3  lr 0.012  width 64  accuracy 0.9311`."""
    row = _row(trial)
    value = [f"{measure} {row.value:.4f}"] if row.value is not None else []
    state = [] if trial.state == TrialState.COMPLETE else [row.state if not row.reason else f"failed: {row.reason}"]
    return "  ".join([f"trial {row.number}", *(f"{name} {text}" for name, text in row.shown.items()), *value, *state])


def _write(path: Path, found: Outcome, names: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["trial", "state", *names, found.measure, "epoch", "seconds", "reason"])
        for row in sorted(found.rows, key=lambda row: row.number):
            own = [row.settings.get(name) for name in names]
            writer.writerow([row.number, row.state, *own, row.value, row.epoch, row.seconds, row.reason])


def _draw(found: Outcome, trials: Sequence[FrozenTrial], names: Sequence[str]) -> Image.Image:
    """A panel for the best value so far, and one for each setting."""
    known = [row for row in found.rows if row.value is not None and math.isfinite(row.value)]
    columns = min(COLUMNS, len(names) + 1)
    rows = -(-(len(names) + 1) // columns)
    picture = Image.new("RGB", (WIDTH * columns, HEIGHT * rows), "white")
    y = axis(found.measure, [row.value or 0.0 for row in known])

    def panel(index: int, x: Axis) -> Panel:
        left, top = index % columns * WIDTH, index // columns * HEIGHT
        return Panel(picture, (left, top, left + WIDTH, top + HEIGHT), x, y)

    _history(panel(0, axis("trial", [0, *(row.number for row in found.rows)])), known, found.rises)
    for index, name in enumerate(names, 1):
        distribution = next((trial.distributions[name] for trial in trials if name in trial.distributions), None)
        if isinstance(distribution, CategoricalDistribution):
            texts = tuple(map(str, distribution.choices))
            own = panel(index, Axis(name, -0.5, len(texts) - 0.5, labels=texts))
            places = [(float(texts.index(str(row.settings[name]))), row) for row in known]
        elif isinstance(distribution, (FloatDistribution, IntDistribution)):
            own = panel(index, Axis(name, distribution.low, distribution.high, distribution.log))
            places = [(float(row.settings[name]), row) for row in known]
        else:
            continue
        own.dots(((x, row.value or 0.0) for x, row in places), BLUE)
        own.dots(((x, row.value or 0.0) for x, row in places if row is known[0]), ORANGE, 5)
    return picture


def _history(panel: Panel, known: Sequence[Row], rises: bool) -> None:
    best: list[tuple[float, float]] = []
    for row in sorted(known, key=lambda row: row.number):
        value = row.value or 0.0
        panel.dots([(row.number, value)], BLUE)
        top = value if not best else max(best[-1][1], value) if rises else min(best[-1][1], value)
        best += [*([(row.number, best[-1][1])] if best else []), (row.number, top)]
    panel.line(best, ORANGE)
