"""A run from its first step to its last, in a folder that it can be gone on with from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from nnspec.diagnostics import Source, Span, SpecError
from nnspec.elaborate.files import Declarations
from nnspec.elaborate.recipe import is_path, read_plan
from nnspec.ir import Program
from nnspec.manifest import read_manifest, settle
from nnspec.output import CannotWrite
from nnspec.record import Record
from nnspec.train.clock import Clock
from nnspec.train.curves import write_curves
from nnspec.train.diagnose import first_bad_layer
from nnspec.train.display import Display, display
from nnspec.train.folder import (
    BEST,
    CURVES,
    LAST,
    SAMPLE,
    make_folder,
    read_spec,
    write,
    write_settings,
    write_spec,
)
from nnspec.train.launch import check_launch, this_process
from nnspec.train.loop import Loop, Row, Stopped
from nnspec.train.manner import Manner
from nnspec.train.mistakes import NotFinite, NotTrained
from nnspec.train.outcome import write_outcome
from nnspec.train.prepare import Prepared, choose_device, prepare
from nnspec.train.resume import check_data, check_recipe
from nnspec.train.save import NotSaved, save_epoch, save_state
from nnspec.train.settings import Settings, read_settings
from nnspec.train.signals import kept_signals
from nnspec.train.state import STATE, Position, load_state
from nnspec.train.strategy import Strategy, joined

SAVED_EVERY = 300.0  # seconds within an epoch


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
    with _placed_in(manner) as (device, strategy):
        prepared = _prepare(job, device, strategy)
        folder = Path(strategy.agree(str(make_folder(runs, name, prepared.name)) if strategy.leads else ""))
        if strategy.leads:
            write_spec(folder, declarations.source, sources, program.to_json(), _settled(job.settings, prepared))
        return _run(prepared, job, folder, None)


def resume_run(folder: Path, recipe: dict[str, Any], manner: Manner) -> Trained:
    """Go on with a run that stopped; on one device, to the same weights to the last bit.

    Raises:
        SpecError: as `train_run`; or the folder holds no run that can be gone on with.
    """
    with _placed_in(manner) as (device, strategy):
        if strategy.leads:
            settle(folder)
        strategy.wait()
        before = read_settings(folder)
        declarations, program = read_spec(folder, manner.limits)
        settings = before.model_copy(update={"recipe": {**before.recipe, **_placed(recipe)}})
        source = declarations.source
        job = Job(program, declarations, {source.name: source}, settings, manner)
        prepared = _prepare(job, device, strategy)
        now = _settled(settings, prepared)
        check_recipe(folder, before, recipe, now.resolved)
        check_data(folder, before, now)
        strategy.wait()  # for all to have read the settings
        if strategy.leads:
            write_settings(folder, now)
        began = STATE in read_manifest(folder).files
        return _run(prepared, job, folder, load_state(folder, device, strategy) if began else None)


def _settled(settings: Settings, prepared: Prepared) -> Settings:
    """The settings, with what followed from them."""
    found = {
        "model": prepared.name,
        "resolved": prepared.task.recipe.to_json(),
        "samples": prepared.samples,
        "data": prepared.fingerprint,
        "measure": _measure(prepared),
        "rises": prepared.objective.higher_is_better,
    }
    return settings.model_copy(update=found)


def _placed(recipe: dict[str, Any]) -> dict[str, Any]:
    """The values from outside; a path among them starts from where the program runs, not from the spec."""
    texts = {key: str(recipe[key]) for key in ("data", "weights") if isinstance(recipe.get(key), (str, PathLike))}
    paths = {key: text.strip('"') if key == "weights" else text for key, text in texts.items()}
    return {**recipe, **{key: str(Path(path).absolute()) for key, path in paths.items() if is_path(key, path)}}


def _prepare(job: Job, device: torch.device, strategy: Strategy) -> Prepared:
    plan = read_plan(job.declarations, job.name, job.settings.recipe, job.manner.limits)
    places = {name: Span(source, 0, 0) for name, source in job.sources.items()}
    places |= {written.declarations.source.name: Span(written.declarations.source, 0, 0)
               for written in plan.expressions}  # fmt: skip
    return prepare(job.program, plan, Path(job.settings.base), places, device, strategy, job.manner.limits)


def _run(prepared: Prepared, job: Job, folder: Path, state: Any) -> Trained:
    strategy = prepared.task.strategy
    with kept_signals() as received, display(job.manner.quiet or not strategy.leads) as shown:
        clock = Clock(SAVED_EVERY)
        loop = Loop(prepared.task, str(folder), lambda: strategy.any(bool(received) or clock.due()))
        shown.say(f"{prepared.name} on {prepared.task.device}, in {folder}")
        for note in prepared.notes:
            shown.say(note)
        if strategy.leads and prepared.objective.sample is not None:
            write(folder / SAMPLE, prepared.objective.sample.to_json() + "\n")
        try:
            if state is None:
                save_state(folder, loop)  # from which the first epoch is repeated if its loss is not finite
            else:
                loop.restore(*state)
                shown.say(f"resumed after {loop.position.epoch} epochs and {loop.position.step} steps")
            _epochs(loop, prepared, folder, shown, received)
        except SpecError as error:
            raise _explained(error, prepared, folder) from None
        except RuntimeError as error:  # torch's own: no memory left, values out of the range of a loss
            if strategy.lost(error):
                raise
            raise SpecError.of(NotTrained(None, str(error).splitlines()[0])) from error
        position = loop.position
        interrupted = received[0] if received and position.epoch < prepared.task.recipe.epochs else None
        return Trained(
            folder, tuple(position.history), _measure(prepared), position.best, position.best_epoch, interrupted
        )


def _explained(error: SpecError, prepared: Prepared, folder: Path) -> SpecError:
    """A loss that is not finite with the layer that it comes from, a full disk with the way on; others as they are."""
    found = error.diagnostics[0]
    if isinstance(found, CannotWrite):
        return SpecError.of(NotSaved(None, str(folder), found.reason))
    if not isinstance(found, NotFinite) or prepared.task.strategy.processes > 1:
        return error
    where = first_bad_layer(prepared.task, folder)
    return SpecError.of(NotFinite(found.span, found.value, found.step, found.epoch, found.folder, where))


def _epochs(loop: Loop, prepared: Prepared, folder: Path, shown: Display, received: list[int]) -> None:
    """All epochs that are left, each saved when it is done; or until a signal is received."""
    epochs, position = prepared.task.recipe.epochs, loop.position
    while position.epoch < epochs and not _stale(position, prepared.task.recipe.early_stopping):
        try:
            row = loop.run_epoch(shown)
        except Stopped:
            save_state(folder, loop)
            if prepared.task.strategy.any(bool(received)):
                return
            continue
        position.history.append(row)
        save_epoch(folder, loop, prepared, _is_best(row, prepared, position))
        shown.epoch(row, epochs)
    with _own_folder(folder, prepared.task.strategy) as own:
        write_curves(own / CURVES, position.history)
        write_outcome(own, loop, prepared)
    if position.epoch < epochs:
        shown.say(f"stopped early: nothing better since epoch {position.best_epoch}")


def _is_best(row: Row, prepared: Prepared, position: Position) -> bool:
    """Whether an epoch is the best so far, which is then noted."""
    measure = _measure(prepared)
    value = row[measure] if measure is not None else None
    if value is None or not _better(value, position.best, prepared.objective.higher_is_better):
        return False
    position.best, position.best_epoch = float(value), position.epoch
    return True


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
def _own_folder(folder: Path, strategy: Strategy) -> Iterator[Path]:
    """The folder of the run for the first process; the others, whose shares of the weights it needs, write in vain."""
    if strategy.leads:
        yield folder
    else:
        with TemporaryDirectory() as place:
            yield Path(place)


@contextmanager
def _placed_in(manner: Manner) -> Iterator[tuple[torch.device, Strategy]]:
    """The device and the strategy of this process; the generators of the caller stay as they are."""
    process = this_process()
    check_launch(manner.strategy, process)
    device = choose_device(manner.device, process)
    with _own_randomness(device), joined(manner.strategy, process, device) as strategy:
        yield device, strategy


@contextmanager
def _own_randomness(device: torch.device) -> Iterator[None]:
    """Leave the caller's generators as they were."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield
