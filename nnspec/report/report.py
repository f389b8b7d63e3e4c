"""The report of a run: all that its folder, its data and its weights tell, as one page.

Training does not write it: judging the data again and drawing take longer than small runs do. What cannot be told of a
run, because its data is gone or a package is missing, is said in its place; the rest of the report is as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from nnspec.diagnostics import SpecError
from nnspec.evaluation.figures import Figures, Value
from nnspec.evaluation.judge import Evaluation
from nnspec.extras import need
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.model import Model
from nnspec.opening import model_of_run
from nnspec.output import replacing
from nnspec.record import Record
from nnspec.report.activations import activations
from nnspec.report.confusion import confusion
from nnspec.report.curves import curves, panels_of_run
from nnspec.report.document import Section, document, folded, table
from nnspec.report.filters import filters
from nnspec.report.settings import settings, versions
from nnspec.report.worst import worst_samples
from nnspec.running import evaluate
from nnspec.train.comparison import StoredRun, read_run
from nnspec.train.manner import Part
from nnspec.train.settings import best_weights
from nnspec.weights.source import WeightChoice, WeightSource

REPORT = "report.html"


class Written(Record):
    """A report that was written: its file, its size, and what it could not tell."""

    path: Path
    bytes: int
    notes: tuple[str, ...]


class Asked(Record):
    """The parts of a report that are asked for, and on which device the data is judged."""

    worst: int = 16  # samples
    training: bool = True  # whether the training part is judged, too
    device: str | None = None
    limits: Limits = DEFAULT_LIMITS


def write_report(folder: Path, output: Path | None = None, asked: Asked | None = None) -> Written:
    """Write the report of a run.

    Args:
        folder: of the run.
        output: the file; report.html in the folder if it is left out.
        asked: which parts it has.

    Raises:
        SpecError: the folder holds no run or no weights, the file cannot be written, or matplotlib is not installed.
    """
    need("a report", "matplotlib")
    asked = asked or Asked()
    run = read_run(folder)
    weights = WeightChoice(best_weights(folder), partial=True)  # of several networks the file holds those of all
    model = model_of_run(folder, asked.limits)
    sections = list(_sections(folder, run, model, weights, asked))
    best, epoch = run.best
    told = "" if best is None else f"best {run.settings.measure} {best:.5g} in epoch {epoch} · "
    epochs = f"{len(run.history)}/{run.settings.resolved.get('epochs', '?')} epochs"
    text = document(f"{run.name}: {model.name}", f"{told}{epochs} · {run.settings.samples:,} samples", sections)
    path = output or folder / REPORT
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Written(path, len(text.encode()), tuple(note for each in sections for note in each.notes))


def _sections(folder: Path, run: StoredRun, model: Model, weights: WeightSource, asked: Asked) -> Iterator[Section]:
    limits = asked.limits
    notes: list[str] = []

    def judged(part: Part, worst: int) -> Evaluation | None:
        try:
            return evaluate(folder, part=part, worst=worst, device=asked.device, limits=limits)
        except SpecError as error:
            notes.append(f"the {part} part is not judged: {error.found[0].diagnostic.message}")
            return None

    found = judged("validation", asked.worst)
    training = judged("training", 0) if asked.training and found is not None else None
    yield Section("Network", _network(model))
    yield Section("Curves", _curves(run, training), () if run.history else ("no epoch has come to its end yet",))
    yield Section("Figures", _figures(found, training), tuple(notes))
    if found is None:
        yield Section("First layer", *_told(lambda: filters(model.program, weights)))
    else:
        yield Section("Confusion", *_confusion(found))
        listed = worst_samples(found.source, found.worst) if found.worst else ""
        lacking = () if found.worst else ("single samples have no loss of their own here, or none were asked for",)
        yield Section("Worst samples", listed, lacking)
        yield Section("First layer", *_told(lambda: filters(model.program, weights)))
        index = found.worst[0].index if found.worst else 0
        which = f"of the worst sample, {found.worst[0].name}" if found.worst else "of the first sample"
        content, lacks = _told(lambda: activations(model, weights, found.source, index, limits))
        yield Section("Activations", f'<p class="note">{escape(which)}</p>{content}' if content else "", lacks)
    yield Section("Settings", settings(run, folder))
    yield Section("Versions", versions(run))


def _told(part: Callable[[], tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """A part of the report with its note; where it cannot be made, the reason and the way out."""
    try:
        content, note = part()
    except SpecError as error:
        first = error.found[0].diagnostic
        return "", (": ".join(filter(None, [first.message, first.help])),)
    return content, (note,) if note else ()


def _network(model: Model) -> str:
    page = escape(model.draw().html())
    return f'<iframe title="The network {escape(model.name)}" loading="lazy" srcdoc="{page}"></iframe>'


def _curves(run: StoredRun, training: Evaluation | None) -> str:
    epoch = run.best[1] or len(run.history)
    figures = training.figures if training is not None else {}
    marks = {name: (epoch, float(value)) for name, value in figures.items() if value is not None}
    if not run.history:
        return ""
    names = [name for name in run.history[-1] if any(row.get(name) is not None for row in run.history)]
    rows = ([_number(value) for value in map(row.get, names)] for row in run.history)
    drawn = f'<div class="figures">{curves(panels_of_run(run.history, marks))}</div>'
    return drawn + folded("All epochs as a table", table("Epochs", names, rows))


def _figures(found: Evaluation | None, training: Evaluation | None) -> str:
    """The loss, the metrics and the figures of each comparison, of both parts side by side."""
    if found is None:
        return ""
    parts = {"validation": found, **({"training": training} if training is not None else {})}
    heads = ["", *(f"{name}, {each.samples:,} samples" for name, each in parts.items())]
    rows = [[name, *(_number(each.figures.get(name)) for each in parts.values())] for name in found.figures]
    made = table("Loss and metrics of the best weights", heads, rows)
    for index, figures in enumerate(found.comparisons):
        both = [figures, *(each.comparisons[index] for each in [training] if each is not None)]
        rows = [[name, *(_number(each.whole.get(name)) for each in both)] for name in figures.whole]
        made += table(f"{figures.field}, compared with what the model says", heads, rows)
        if figures.rows:
            made += folded(f"{figures.field}: each by itself", _each(figures))
    return made


def _each(figures: Figures) -> str:
    names = list(figures.rows[0].figures)
    rows = ([row.name, *(_number(row.figures[name]) for name in names)] for row in figures.rows)
    return table(f"{figures.field}, validation part", ["", *names], rows)


def _number(value: Value) -> str:
    if value is None:
        return ""
    whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15 and value > 1)
    return f"{value:,.0f}" if whole else f"{value:.5g}"


def _confusion(found: Evaluation) -> tuple[str, tuple[str, ...]]:
    drawn = [
        confusion(each.field, [row.name for row in each.rows], each.confusion, f"confusion{index}")
        for index, each in enumerate(found.comparisons)
        if each.kind == "classes" and each.confusion is not None
    ]
    return "".join(drawn), () if drawn else ("nothing is compared with classes here",)
