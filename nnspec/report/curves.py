"""Curves of runs: a panel for the losses and one for each metric, of all epochs, of the last ones and by magnitude."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from html import escape
from math import isfinite

from matplotlib.ticker import MaxNLocator

from nnspec.record import Record
from nnspec.report.figure import COLORS, INK, Drawing
from nnspec.train.settings import TRAINING

Curve = Sequence[float | None]  # a value an epoch
Row = Mapping[str, float | None]
NO_CURVES = frozenset({"epoch", "steps", "samples_per_second", "seconds"})
SIZE = (6.8, 2.9)  # inches
STROKES = ("-", "--", ":")


class Panel(Record):
    """Curves with the same axes, by their names; `marks` are single points, (epoch, value)."""

    title: str
    curves: dict[str, Curve]
    marks: dict[str, tuple[int, float]] = {}  # noqa: RUF012


def panels_of_run(history: Sequence[Row], marks: Mapping[str, tuple[int, float]]) -> list[Panel]:
    """The panels of a run: those of training and validation together, loss by loss and metric by metric."""
    groups: dict[str, list[str]] = {}
    for name in columns(history):
        bare = name.removeprefix("validation_").removeprefix(TRAINING)
        groups.setdefault("losses" if _is_loss(name) else bare, []).append(name)
    known = {name for names in groups.values() for name in names}
    # the training part has a curve, and needs no mark
    drawn = {name for name in known if f"{TRAINING}{name}" in known}
    judged = {name for name in marks if not _is_loss(name)}
    return [
        Panel(
            title,
            {_of(name, "validation", judged | drawn): [row.get(name) for row in history] for name in names},
            {_of(name, "training", judged): marks[name] for name in names if name in judged - drawn},
        )
        for title, names in groups.items()
    ]


def _of(name: str, part: str, judged: Set[str]) -> str:
    """The name of a metric with the part that it is of, where both parts are judged."""
    if name.startswith(TRAINING):
        return f"{name.removeprefix(TRAINING)} (training)"
    return f"{name} ({part})" if name in judged else name


def panels_of_runs(runs: Mapping[str, Sequence[Row]]) -> list[Panel]:
    """The panels of several runs: one for each column, with a curve for each run that has it."""
    names = list(dict.fromkeys(name for history in runs.values() for name in columns(history)))
    return [
        Panel(
            name,
            {run: [row.get(name) for row in history] for run, history in runs.items() if name in columns(history)},
        )
        for name in names
    ]


def columns(history: Sequence[Row]) -> list[str]:
    """The columns that have numbers, in their order; the learning rate, which explains the others, comes last."""
    names = [name for name in (history[0] if history else ()) if name not in NO_CURVES]
    found = [name for name in names if any(row.get(name) is not None for row in history)]
    return sorted(found, key=lambda name: name.endswith("learning_rate"))


def _is_loss(name: str) -> bool:
    return name == "loss" or name.endswith("_loss")


def curves(panels: Sequence[Panel]) -> str:
    """All panels, each with its views to choose from."""
    return "".join(_panel(panel, index) for index, panel in enumerate(panels))


def _panel(panel: Panel, index: int) -> str:
    views = list(_views(panel, f"curve{index}"))
    title = escape(panel.title)
    choices = "".join(f'<option value="{place}">{escape(view)}</option>' for place, (view, _) in enumerate(views))
    choice = f'<label>{title}: <select data-views="curve{index}">{choices}</select></label>' if len(views) > 1 else ""
    drawn = "".join(
        f'<div data-view="curve{index}"{" hidden" if place else ""}>{svg}</div>' for place, (_, svg) in enumerate(views)
    )
    return f'<figure class="zoom"><figcaption>{choice or title}</figcaption>{drawn}</figure>'


def _views(panel: Panel, name: str) -> Iterator[tuple[str, str]]:
    """The views of a panel: all epochs, the last ones, where a curve is no longer steep, and by magnitude."""
    length = max(map(len, panel.curves.values()), default=0)
    yield "all epochs", _drawn(panel, 0, length, f"{name}a")
    for part, words in ((2, "the last half"), (4, "the last quarter")):
        if length // part > 1:
            yield words, _drawn(panel, length - length // part, length, f"{name}{part}")
    values = [value for curve in panel.curves.values() for value in curve if value is not None]
    if length > 1 and all(value > 0 for value in values):
        yield "all epochs, logarithmic", _drawn(panel, 0, length, f"{name}log", log=True)


def _drawn(panel: Panel, first: int, length: int, name: str, *, log: bool = False) -> str:
    drawing = Drawing(*SIZE)
    axes = drawing.axes
    for index, (label, curve) in enumerate(panel.curves.items()):
        points = [(epoch, value) for epoch, value in enumerate(curve[first:], first + 1)
                  if value is not None and isfinite(value)]  # fmt: skip
        axes.plot(*(zip(*points, strict=True) if points else ([], [])), label=label, color=COLORS[index % len(COLORS)],
                  linestyle=STROKES[index // len(COLORS) % 3], marker="o", markersize=2.5, linewidth=1.5)  # fmt: skip
    for label, (epoch, value) in panel.marks.items():
        if epoch > first and isfinite(value):
            axes.plot([epoch], [value], "D", color=INK, markersize=5, label=label)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if log:
        axes.set_yscale("log")
    axes.grid(linewidth=0.5)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, labelcolor=INK, fontsize=8)
    return drawing.svg(f"{panel.title} by epoch, {first + 1} to {length}: {', '.join(panel.curves)}", name)
