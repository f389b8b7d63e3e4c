"""The model card of a run, as Markdown: its network, numbers, data, recipe, spec and files, and what a person must add.

All of it is read from the folder of the run; nothing is computed again. What only a person knows (what the model is
for, where the data come from, the licence) stands there as a line to be filled in. Source: Mitchell et al.,
"Model Cards for Model Reporting" (2019), and the header that the Hub of Hugging Face reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.kinds import SPEC
from nnspec.model import Model
from nnspec.summary.table import count
from nnspec.train.clock import show_time
from nnspec.train.comparison import LEFT_OUT, StoredRun, read_run, written
from nnspec.train.settings import SAMPLE, best_weights

TO_FILL_IN = "**To be filled in:**"
Figure = int | float | None


class BadEvaluation(Diagnostic):
    """The file is no evaluation as `nnspec evaluate RUN -o DIR` writes it into `DIR/evaluation.json`."""

    code = "E0456"
    path: str

    @property
    def message(self) -> str:
        return f"{self.path} is no evaluation"

    @property
    def help(self) -> str:
        return "write one by `nnspec evaluate RUN -o DIR`, and name DIR/evaluation.json"


class Judged(BaseModel):
    """What a card tells of an evaluation."""

    data: str
    part: str
    samples: int
    figures: dict[str, Figure]
    comparisons: list[dict[str, Any]]


def card(folder: Path, model: Model, evaluation: Path | None = None) -> str:
    """The card of the run in a folder.

    Args:
        folder: that of the run.
        model: the run's own.
        evaluation: the file of an evaluation, whose figures are told, too.

    Raises:
        SpecError: the folder holds no run with weights, or its files or the evaluation cannot be read.
    """
    run, weights = read_run(folder), best_weights(folder)
    judged = None if evaluation is None else _judged(evaluation)
    parts: list[tuple[str, Iterator[str]]] = [
        ("Use", _use(folder, run)),
        ("Network", _network(model)),
        ("Numbers", _numbers(run)),
        *([("Evaluation", _evaluation(judged))] if judged else []),
        ("Data", _data(run)),
        ("Training", _training(run)),
        ("Spec", _spec(folder)),
        ("Files", _files(weights)),
        ("Licence", iter([f"{TO_FILL_IN} the licence of the weights, here and in the first lines of this file."])),
    ]
    head = f"---\nlibrary_name: nnspec\nlicense: other  # to be filled in\n---\n\n# {model.name}\n"
    return head + "".join(f"\n## {title}\n\n" + "".join(f"{line}\n" for line in lines) for title, lines in parts)


def _use(folder: Path, run: StoredRun) -> Iterator[str]:
    yield f"{TO_FILL_IN} what the model is for, whom it serves, and what it must not be used for."
    yield ""
    writes = (folder / SAMPLE).is_file() or "text" in run.recipe.get("data", {})
    command = f"nnspec sample {folder.name}" if writes else f"nnspec predict {folder.name} --input FILE"
    yield from ("```bash", command, "```")


def _network(model: Model) -> Iterator[str]:
    found = model.summary()
    yield from _table({
        **{f"input `{name}`": f"`{type.dtype}{type}`" for name, type in found.inputs.items()},
        **{f"output `{name}`": f"`{type.dtype}{type}`" for name, type in found.outputs.items()},
        "trainable parameters": count(found.trainable),
        **({"frozen parameters": count(found.frozen)} if found.frozen else {}),
        "multiply-accumulates": count(found.macs) + (" a sample" if found.batch_symbol else ""),
        "bytes of the weights": count(found.model_bytes),
    })  # fmt: skip


def _numbers(run: StoredRun) -> Iterator[str]:
    best, epoch = run.best
    if best is not None:
        yield f"The weights are those of epoch {epoch} of {len(run.history)}, the best by `{run.settings.measure}`."
        yield ""
    chosen = run.history[(epoch or len(run.history)) - 1] if run.history else {}
    yield from _table(
        {name: _number(value) for name, value in chosen.items() if value is not None and name not in LEFT_OUT}
    )


def _evaluation(judged: Judged) -> Iterator[str]:
    part = "all of it" if judged.part == "all" else f"its {judged.part} part"
    yield f"On {judged.data}, {part}: {judged.samples:,} samples."
    yield ""
    yield from _table({name: _number(value) for name, value in judged.figures.items() if value is not None})
    for each in judged.comparisons:
        yield from ("", f"`{each.get('field', '')}`:", "")
        yield from _table({name: _number(value) for name, value in each.items() if _is_figure(name, value)})
        rows = [row for row in each.get("rows", []) if isinstance(row, Mapping)]
        if rows:
            yield ""
            names = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
            yield from _rows(names, [[_number(row.get(name)) for name in names] for row in rows])


def _is_figure(name: str, value: object) -> bool:
    return isinstance(value, int | float) and name != "samples"


def _data(run: StoredRun) -> Iterator[str]:
    recipe = run.recipe
    names = {"data": "data", "augment": "augmented by", "normalize": "normalised by"}
    told = {word: f"`{written(key, recipe[key], [])}`" for key, word in names.items() if _done(recipe.get(key))}
    held = {key: recipe[key] for key in ("validation", "test") if recipe.get(key) is not None}
    shares = held or ({"split": recipe["split"]} if "split" in recipe else {})
    yield from _table({
        **told,
        "samples": f"{run.settings.samples:,}",
        **{f"held out, `{key}`": f"`{written(key, value, [])}`" for key, value in shares.items()},
        **({"SHA-256": f"`{run.settings.data}`"} if run.settings.data else {}),
    })  # fmt: skip
    yield ""
    yield f"{TO_FILL_IN} where the data come from, whom or what they show and leave out, and their licence."


def _done(value: object) -> bool:
    """Whether a value of a recipe says that something is done; 0 is a value."""
    return value is not None and value is not False and value != []


def _training(run: StoredRun) -> Iterator[str]:
    left = {"data", "augment", "normalize", "validation", "test", "split"}
    recipe = {key: value for key, value in run.recipe.items() if key not in left and _done(value)}
    seconds = run.history[-1].get("seconds") if run.history else None
    yield from _table({
        "epochs": f"{len(run.history)} of {run.settings.resolved.get('epochs', '?')}",
        **({"time": show_time(seconds)} if seconds is not None else {}),
        **{f"`{key}`": f"`{written(key, value, [])}`" for key, value in recipe.items()},
    })  # fmt: skip


def _spec(folder: Path) -> Iterator[str]:
    yield "As it was trained; `nnspec show` resolves what it imports."
    yield from ("", "```nn", (folder / SPEC).read_text(encoding="utf-8").rstrip(), "```")


def _files(weights: Path) -> Iterator[str]:
    with weights.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    yield from _rows(
        ["file", "bytes", "SHA-256"], [[f"`{weights.name}`", f"{weights.stat().st_size:,}", f"`{digest}`"]]
    )


def _table(values: Mapping[str, str]) -> Iterator[str]:
    yield from _rows(["", ""], [[name, value] for name, value in values.items()])


def _rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of Markdown; a bar in a cell would end it."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |"


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


def _judged(path: Path) -> Judged:
    try:
        return Judged.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise SpecError.of(BadEvaluation(None, str(path))) from None
