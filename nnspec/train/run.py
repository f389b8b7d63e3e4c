"""A run from its first step to its last, in a folder that it can be gone on with from."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from nnspec.diagnostics import Source, Span, SpecError
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.recipe import is_path, read_plan
from nnspec.ir import Program
from nnspec.record import Record
from nnspec.train.curves import write_curves
from nnspec.train.diagnose import first_bad_layer
from nnspec.train.display import Display, display
from nnspec.train.folder import (
    BEST,
    CURVES,
    LAST,
    Settings,
    make_folder,
    read_settings,
    read_spec,
    write_metrics,
    write_settings,
    write_spec,
    write_weights,
)
from nnspec.train.loop import Loop, Stopped
from nnspec.train.manner import Manner
from nnspec.train.mistakes import NotFinite, NotTrained
from nnspec.train.outcome import write_outcome
from nnspec.train.prepare import Prepared, choose_device, prepare
from nnspec.train.state import Position, load_state, save_state


class Job(Record):
    """A model with its recipe, and how to train it."""

    program: Program
    declarations: Declarations
    sources: Mapping[str, Source]
    settings: Settings
    manner: Manner

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.program.main.name


class Trained(Record):
    """What came out of a run."""

    folder: Path
    history: tuple[dict[str, float | int | None], ...]  # one row an epoch, as in metrics.csv
    measure: str | None  # what the best weights were chosen by; None where several losses say nothing of that
    best: float | None
    best_epoch: int
    interrupted: int | None  # the number of the signal that ended it before its last epoch

    @property
    def best_weights(self) -> Path:
        """The weights of the best epoch; those of the last one where nothing says which is the best."""
        return self.folder / (LAST if self.measure is None else BEST)

    @property
    def last_weights(self) -> Path:
        """The weights of the last epoch."""
        return self.folder / LAST


def train_run(
    program: Program,
    declarations: Declarations,
    sources: Mapping[str, Source],
    recipe: dict[str, Any],
    runs: Path,
    name: str | None,
    manner: Manner,
) -> Trained:
    """Train a model in a new folder.

    Args:
        program: the model.
        declarations: of the file with its `train` block.
        sources: all texts of the spec by name.
        recipe: values in place of those of the block.
        runs: where the folder is made.
        name: what it is called; the model's name and a number for None.
        manner: where and how.

    Raises:
        SpecError: the recipe, the data or the device are wrong, the loss is not finite, or a file cannot be written.
    """
    spec = Path(declarations.source.name)
    base = spec.resolve().parent if spec.is_file() else Path.cwd()
    job = Job(program, declarations, sources, Settings(recipe=_placed(recipe), base=str(base)), manner)
    device = choose_device(manner.device)
    with _own_randomness(device):
        prepared = _prepare(job, device)
        folder = make_folder(runs, name, prepared.name)
        settings = job.settings.model_copy(update={"resolved": prepared.task.recipe.to_json()})
        write_spec(folder, declarations.source, sources, program.to_json(), settings)
        return _run(prepared, job, folder, None)


def resume_run(folder: Path, recipe: dict[str, Any], manner: Manner) -> Trained:
    """Go on with a run that stopped; on one device, to the same weights to the last bit.

    Raises:
        SpecError: as `train_run`; or the folder holds no run that can be gone on with.
    """
    before = read_settings(folder)
    device = choose_device(manner.device)
    state = load_state(folder, device)
    declarations, program = read_spec(folder, manner.limits)
    settings = before.model_copy(update={"recipe": {**before.recipe, **_placed(recipe)}})
    source = declarations.source
    job = Job(program, declarations, {source.name: source}, settings, manner)
    with _own_randomness(device):
        prepared = _prepare(job, device)
        write_settings(folder, settings.model_copy(update={"resolved": prepared.task.recipe.to_json()}))
        return _run(prepared, job, folder, state)


def _placed(recipe: dict[str, Any]) -> dict[str, Any]:
    """The values from outside; a path among them starts from where the program runs, not from the spec."""
    texts = {key: str(recipe[key]) for key in ("data", "weights") if isinstance(recipe.get(key), (str, PathLike))}
    paths = {key: text.strip('"') if key == "weights" else text for key, text in texts.items()}
    return {**recipe, **{key: str(Path(path).absolute()) for key, path in paths.items() if is_path(key, path)}}


def _prepare(job: Job, device: torch.device) -> Prepared:
    plan = read_plan(job.declarations, job.name, job.settings.recipe, job.manner.limits)
    places = {name: Span(source, 0, 0) for name, source in job.sources.items()}
    places |= {written.declarations.source.name: Span(written.declarations.source, 0, 0)
               for written in plan.expressions}  # fmt: skip
    return prepare(job.program, plan, Path(job.settings.base), places, device, job.manner.limits)


def _run(prepared: Prepared, job: Job, folder: Path, state: Any) -> Trained:
    with _signals() as received, display(job.manner.quiet) as shown:
        loop = Loop(prepared.task, str(folder), lambda: bool(received))
        shown.say(f"{prepared.name} on {prepared.task.device}, in {folder}")
        for note in prepared.notes:
            shown.say(note)
        if state is None:
            save_state(folder, loop.position, loop.tensors())  # a run can be resumed from its first moment on
        else:
            loop.restore(*state)
            shown.say(f"resumed after {loop.position.epoch} epochs and {loop.position.step} steps")
        try:
            _epochs(loop, prepared, folder, shown)
        except Stopped:
            save_state(folder, loop.position, loop.tensors())
        except SpecError as error:
            raise _explained(error, prepared, folder) from None
        except RuntimeError as error:  # torch's own: no memory left, values out of the range of a loss
            raise SpecError.of(NotTrained(None, str(error).splitlines()[0])) from error
        position = loop.position
        interrupted = received[0] if received and position.epoch < prepared.task.recipe.epochs else None
        return Trained(
            folder, tuple(position.history), _measure(prepared), position.best, position.best_epoch, interrupted
        )


def _explained(error: SpecError, prepared: Prepared, folder: Path) -> SpecError:
    """A loss that is not finite, with the layer that it comes from; other mistakes as they are."""
    found = error.diagnostics[0]
    if not isinstance(found, NotFinite):
        return error
    where = first_bad_layer(prepared.task, folder)
    return SpecError.of(NotFinite(found.span, found.value, found.step, found.epoch, found.folder, where))


def _epochs(loop: Loop, prepared: Prepared, folder: Path, shown: Display) -> None:
    """All epochs that are left, each saved when it is done."""
    epochs = prepared.task.recipe.epochs
    metadata = {
        "nnspec.model": prepared.name,
        "nnspec.classes": list(prepared.classes) or None,
        "nnspec.vocabularies": prepared.vocabularies or None,
        "nnspec.tokenizer": prepared.tokenizer,
        "nnspec.mean": prepared.mean,
        "nnspec.std": prepared.std,
    }
    measure, rises = _measure(prepared), prepared.objective.higher_is_better
    while loop.position.epoch < epochs and not _stale(loop.position, prepared.task.recipe.early_stopping):
        row = loop.run_epoch(shown)
        position = loop.position
        position.history.append(row)
        value = row[measure] if measure is not None else None
        if value is not None and _better(value, position.best, rises):
            position.best, position.best_epoch = float(value), position.epoch
            with loop.stored():
                write_weights(folder / BEST, prepared.task.model, metadata)
        with loop.stored():
            write_weights(folder / LAST, prepared.task.model, metadata)
            for label, model in prepared.parts.items():
                own = {**metadata, "nnspec.model": model}
                write_weights(folder / f"{label}.safetensors", prepared.task.model.get_submodule(label), own)
        write_metrics(folder, position.history)
        save_state(folder, position, loop.tensors())
        shown.epoch(row, epochs)
    write_curves(folder / CURVES, loop.position.history)
    write_outcome(folder, loop, prepared)
    if loop.position.epoch < epochs:
        shown.say(f"stopped early: nothing better since epoch {loop.position.best_epoch}")


def _stale(position: Position, patience: int | None) -> bool:
    """Whether the best value is so many epochs old."""
    return patience is not None and position.epoch - position.best_epoch >= patience


def _measure(prepared: Prepared) -> str | None:
    """What the best weights are chosen by: the first metric, or the loss if there is one only."""
    task = prepared.task
    if len(task.phases) > 1 and not task.metric_names:
        return None
    return (*task.metric_names, "validation_loss" if task.loss_in_evaluation else "loss")[0]


def _better(value: float, best: float | None, rises: bool) -> bool:
    """Whether a value is better than the best one; nothing is worse than no number."""
    if value != value:
        return False
    return best is None or (value > best if rises else value < best)


@contextmanager
def _own_randomness(device: torch.device) -> Iterator[None]:
    """Leave the caller's generators as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Ctrl-C and SIGTERM are kept in a list instead of ending the program; a second one ends it as ever."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # Python handles signals in the main thread only
        yield received
        return
    before: dict[int, Callable[[int, FrameType | None], Any] | int | None] = {}

    def receive(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.signal(number, before[number])

    for each in (signal.SIGINT, signal.SIGTERM):
        before[each] = signal.signal(each, receive)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
