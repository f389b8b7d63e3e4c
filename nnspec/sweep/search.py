"""A search: trial after trial, each a run in a folder of its own, until there are as many as are wanted.

Every process that is started with the same command takes part. What one leaves when it ends, another one goes on with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from optuna import Study
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState
from pydantic import BaseModel, ConfigDict, ValidationError

from nnspec.callbacks.callback import Callback, Progress, Row
from nnspec.diagnostics import SpecError
from nnspec.kinds import is_run
from nnspec.output import CannotWrite, replacing
from nnspec.record import Record
from nnspec.run import Run
from nnspec.sweep.claims import FileLock, locked
from nnspec.sweep.mistakes import NoGoal, NoTrial, OtherSweep
from nnspec.sweep.report import Outcome, describe, outcome
from nnspec.sweep.space import Space
from nnspec.sweep.study import DRAWN_ONCE, open_study, pruner, sampler
from nnspec.train.folder import check_name
from nnspec.train.manner import Manner
from nnspec.train.mistakes import NotSaved
from nnspec.train.run import new_job, placed_in, prepare_job, resume_run, train_run

if TYPE_CHECKING:
    from nnspec.model import Model

SWEEP, LOCK = "sweep.json", "sweep.lock"
Opened = Callable[[Mapping[str, str]], tuple["Model", dict[str, Any]]]  # a model and its recipe with some settings


class Wanted(Record):
    """A search as its user wants it."""

    space: Space
    over: Mapping[str, str]  # the same as it was written
    settings: Mapping[str, str]  # that hold for all trials
    trials: int
    runs: Path
    name: str | None
    sampler: str
    pruner: str
    storage: str | None
    seed: int
    manner: Manner
    told: Callable[[str], None]  # what happens


class Begun(BaseModel):
    """A search as it began: `sweep.json` in its folder."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: int = 1
    model: str
    spec: str  # the SHA-256 of its text
    over: dict[str, str]
    settings: dict[str, str]
    measure: str  # the column by which trials are compared
    rises: bool  # whether more of it is better


class Ended(Exception):
    """A signal ended this process before its trial was done; somebody may go on with it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def search(opened: Opened, wanted: Wanted) -> Outcome:
    """Try settings until there are as many trials as are wanted, and write what was found.

    Raises:
        SpecError: the search cannot begin or go on, or all trials failed.
        Ended: a signal ended it.
    """
    first, recipe = opened({name: each.first for name, each in wanted.space.items()})
    name = wanted.name or f"{first.name.lower()}-sweep"
    check_name(name)
    folder = wanted.runs / name
    sampler(wanted.sampler, wanted.seed, wanted.space)
    pruning = pruner(wanted.pruner)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError.of(CannotWrite(None, str(folder), (error.strerror or str(error)).lower())) from None
    with locked(folder / LOCK):
        begun = _begun(folder, first, recipe, wanted)
    study = open_study(folder, wanted.storage, name, begun.rises)
    study.pruner = pruning
    study.stop = lambda: None  # type: ignore[method-assign]  # of a grid, whose end is that of its points
    _Search(study, folder, begun, opened, wanted).run()
    found = outcome(study, folder, begun.measure, begun.rises, tuple(wanted.space))
    if not found.rows or all(row.value is None for row in found.rows):
        failed = [row.reason for row in found.rows if row.reason]
        if failed:
            raise SpecError.of(NoTrial(None, str(folder), failed[-1]))
    return found


def _begun(folder: Path, model: Model, recipe: dict[str, Any], wanted: Wanted) -> Begun:
    """The search that the folder has, or a new one."""
    assert model.declarations is not None
    source = model.declarations.source
    text = hashlib.sha256(source.text.encode()).hexdigest()
    path = folder / SWEEP
    if not path.exists():
        measure, rises = _goal(model, recipe, wanted.manner)
        begun = Begun(model=model.name, spec=text, over=dict(wanted.over), settings=dict(wanted.settings),
                      measure=measure, rises=rises)  # fmt: skip
        with replacing(path) as temporary:
            temporary.write_text(begun.model_dump_json(indent=1) + "\n", encoding="utf-8")
        return begun
    try:
        begun = Begun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise SpecError.of(OtherSweep(None, str(folder), f"another version of nnspec: its {SWEEP} cannot be read")) \
            from None  # fmt: skip
    for what, before, now in (
        ("the model", begun.model, model.name),
        ("--over", _shown(begun.over), _shown(wanted.over)),
        ("--set", _shown(begun.settings), _shown(wanted.settings)),
    ):
        if before != now:
            raise SpecError.of(OtherSweep(None, str(folder), f"{what} {before or '(nothing)'}"))
    if begun.spec != text:
        raise SpecError.of(OtherSweep(None, str(folder), f"another text of {source.name}"))
    return begun


def _shown(pairs: Mapping[str, str]) -> str:
    return " ".join(f"{name}={text}" for name, text in sorted(pairs.items()))


def _goal(model: Model, recipe: dict[str, Any], manner: Manner) -> tuple[str, bool]:
    """The column by which trials are compared, and whether more of it is better."""
    assert model.declarations is not None
    job = new_job(model.program, model.declarations, model.sources, recipe, manner)
    with placed_in(manner) as (device, strategy):
        task = prepare_job(job, device, strategy).task
    if task.measure is None:
        raise SpecError.of(NoGoal(None, model.name))
    return task.measure, task.rises


class _Watch(Callback):
    """Tells the study of each epoch, and ends the run of a trial that its pruner gives up."""

    def __init__(self, trial: Trial, known: FrozenTrial, measure: str) -> None:
        self.trial = trial
        self.told = set(known.intermediate_values)
        self.measure = measure
        self.pruned = False

    def begin(self, run: Progress) -> None:
        for row in run.history:
            self._tell(run, row)

    def epoch(self, run: Progress, row: Row) -> None:
        self._tell(run, row)

    def _tell(self, run: Progress, row: Row) -> None:
        value, epoch = row[self.measure], int(row["epoch"] or 0)
        if value is not None and epoch not in self.told:
            self.trial.report(float(value), epoch)
            self.told.add(epoch)
        if epoch < run.epochs and self.trial.should_prune():
            self.pruned = True
            run.stop("its pruner gave it up")


class _Search:
    """The part of a search that this process does."""

    def __init__(self, study: Study, folder: Path, begun: Begun, opened: Opened, wanted: Wanted) -> None:
        self.study = study
        self.folder = folder
        self.begun = begun
        self.opened = opened
        self.wanted = wanted

    def run(self) -> None:
        """Trials, until none is left to do."""
        while (claimed := self._claim()) is not None:
            trial, lock = claimed
            try:
                self._try(trial)
            finally:
                lock.release()

    def _claim(self) -> tuple[Trial, FileLock] | None:
        """A trial that somebody left, or a new one; None when there are enough and all are done or in other hands."""
        with locked(self.folder / LOCK):
            trials = self.study.get_trials(deepcopy=False)
            for each in trials:
                lock = self._lock(each.number)
                if each.state == TrialState.RUNNING and lock.claim():
                    return Trial(self.study, each._trial_id), lock
            if len(trials) >= self._count():
                return None
            lock = self._lock(len(trials))
            lock.claim()
            alike = self.wanted.sampler.startswith(DRAWN_ONCE)
            seed = self.wanted.seed if alike else Random(f"{self.wanted.seed} {len(trials)}").getrandbits(31)
            self.study.sampler = sampler(self.wanted.sampler, seed, self.wanted.space)
            return self.study.ask(), lock

    def _count(self) -> int:
        """The number of trials; of a grid not more than it has points."""
        points = 1
        for each in self.wanted.space.values():
            if not self.wanted.sampler.startswith(("GridSampler", "BruteForceSampler")) or each.values is None:
                return self.wanted.trials
            points *= len(each.values)
        return min(self.wanted.trials, points)

    def _lock(self, number: int) -> FileLock:
        return FileLock(self.folder / f"trial-{number}.lock")

    def _try(self, trial: Trial) -> None:
        settings = {name: self._suggested(trial, name) for name in self.wanted.space}
        known = self.study.get_trials(deepcopy=False)[trial.number]
        watch = _Watch(trial, known, self.begun.measure)
        try:
            trained = self._trained(trial.number, settings, watch)
        except SpecError as error:
            if isinstance(error.diagnostics[0], (CannotWrite, NotSaved)):
                raise
            trial.set_user_attr("reason", error.diagnostics[0].message)
            self._tell(trial, None, TrialState.FAIL)
            return
        if trained.interrupted is not None:
            raise Ended(trained.interrupted)
        trial.set_user_attr("epoch", trained.best_epoch)
        trial.set_user_attr("epochs", len(trained.history))
        if watch.pruned:
            self._tell(trial, trained.best, TrialState.PRUNED)
        elif trained.best is None:
            trial.set_user_attr("reason", f"{self.begun.measure} was never a number")
            self._tell(trial, None, TrialState.FAIL)
        else:
            self._tell(trial, trained.best, TrialState.COMPLETE)

    def _suggested(self, trial: Trial, name: str) -> str:
        """The value of a setting, as a spec would write it."""
        match self.wanted.space[name].distribution:
            case IntDistribution() as each:
                return str(trial.suggest_int(name, each.low, each.high, step=each.step, log=each.log))
            case FloatDistribution() as each:
                return repr(trial.suggest_float(name, each.low, each.high, step=each.step, log=each.log))
            case CategoricalDistribution() as each:
                return str(trial.suggest_categorical(name, each.choices))
        raise AssertionError(name)

    def _trained(self, number: int, settings: Mapping[str, str], watch: Callback) -> Run:
        """The run of a trial, from its beginning or from where it was left."""
        name = f"trial-{number}"
        manner = self.wanted.manner.replace(quiet=True, callbacks=(*self.wanted.manner.callbacks, watch))
        if is_run(self.folder / name):
            return resume_run(self.folder / name, {}, manner)
        model, recipe = self.opened(settings)
        assert model.declarations is not None
        return train_run(model.program, model.declarations, model.sources, recipe, self.folder, name, manner)

    def _tell(self, trial: Trial, value: float | None, state: TrialState) -> None:
        if value is not None:
            trial.set_user_attr("best", value)
        self.study.tell(trial.number, value if state == TrialState.COMPLETE else None, state)
        told = self.study.get_trials(deepcopy=False)[trial.number]
        self.wanted.told(describe(told, self.begun.measure))
