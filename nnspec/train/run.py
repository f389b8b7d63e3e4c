"""A run from its first step to its last, in a folder that it can be gone on with from."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from nnspec.diagnostics import Source, Span, SpecError
from nnspec.elaborate.declarations import Declarations
from nnspec.ir import Program
from nnspec.kinds import RUN
from nnspec.manifest import read_manifest, settle
from nnspec.plugin.loading import loaded_plugins
from nnspec.recipe.check import check_training, folder_of
from nnspec.recipe.given import is_given
from nnspec.recipe.outside import merged, placed
from nnspec.recipe.plan import read_plan
from nnspec.record import Record
from nnspec.run import Run
from nnspec.train.beginning import begun_run, check_same
from nnspec.train.display import SILENT, Display, display
from nnspec.train.epochs import run_epochs
from nnspec.train.folder import make_folder, write_spec, write_texts
from nnspec.train.joining import joined
from nnspec.train.launch import check_launch, this_launch, this_process
from nnspec.train.loader import own_loaders
from nnspec.train.lock import held
from nnspec.train.manner import Manner
from nnspec.train.mistakes import NotGivenAgain
from nnspec.train.prepare import Prepared, choose_device, prepare
from nnspec.train.randomness import own_randomness
from nnspec.train.resume import check_data, check_recipe
from nnspec.train.settings import SAMPLE, Settings, read_settings
from nnspec.train.state import STATE, load_state
from nnspec.train.stored import PROGRAM, read_spec
from nnspec.train.strategy import Strategy
from nnspec.train.supply import supply_of
from nnspec.version import __version__

Merge = Callable[[Mapping[str, object], Mapping[str, object]], Mapping[str, object]]


class Job(Record):
    """A model with its recipe, and how to train it."""

    program: Program
    declarations: Declarations
    sources: Mapping[str, Source]
    settings: Settings
    manner: Manner
    objects: Mapping[str, object] = {}

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.program.main.name


def new_job(
    program: Program,
    declarations: Declarations,
    sources: Mapping[str, Source],
    recipe: dict[str, Any],
    manner: Manner,
) -> Job:
    """A job whose recipe is checked before data is read; the arguments are those of `train_run`.

    Raises:
        SpecError: the recipe is wrong.
    """
    check_training(program, declarations, sources, placed(recipe), manner.limits, look=False)
    settings, objects = _told_apart(placed(recipe))
    based = settings.model_copy(update={"base": str(folder_of(declarations))})
    return Job(program, declarations, sources, based, manner, objects)


def train_run(
    program: Program,
    declarations: Declarations,
    sources: Mapping[str, Source],
    recipe: dict[str, Any],
    runs: Path,
    name: str | None,
    manner: Manner,
    fresh: bool = False,
) -> Run:
    """Train a model in a new folder; or go on with the run of this name, or of this launch of torchrun.

    Args:
        program: the model.
        declarations: of the file with its `train` block.
        sources: all texts of the spec by name.
        recipe: values in place of those of the block.
        runs: where the folder is made.
        name: what it is called; the model's name and a number for None.
        manner: where and how.
        fresh: set a run of this name aside, and begin anew.

    Raises:
        SpecError: the recipe, the data or the device are wrong, the loss is not finite, or a file cannot be written;
            or the run of this name is another one.
    """
    job = new_job(program, declarations, sources, recipe, manner)
    launch = this_launch()
    job = job.replace(settings=job.settings.model_copy(update={"launch": launch.key}))
    with placed_in(manner) as (device, strategy), display(manner.quiet or not strategy.leads) as shown:
        begun = strategy.agree(begun_run(runs, name, launch, fresh) if strategy.leads else "")
        if begun:
            check_same(Path(begun), program, declarations.source)
            return _go_on(Path(begun), recipe, manner, device, strategy, shown, lambda before, now: now)
        prepared = prepare_job(job, device, strategy, runs, shown)
        texts = {PROGRAM: program.to_json() + "\n", **_texts(_settled(job.settings, prepared), prepared)}
        folder = Path(strategy.agree(str(make_folder(runs, name, prepared.name)) if strategy.leads else ""))
        with held(folder, strategy.leads):
            if strategy.leads:
                write_spec(folder, declarations.source, sources, texts)
            return run_epochs(prepared, manner, folder, None, shown)


def resume_run(folder: Path, recipe: dict[str, Any], manner: Manner) -> Run:
    """Go on with a run that stopped; on one device, to the same weights to the last bit.

    Raises:
        SpecError: as `train_run`; or the folder holds no run that can be gone on with.
    """
    with placed_in(manner) as (device, strategy), display(manner.quiet or not strategy.leads) as shown:
        return _go_on(folder, recipe, manner, device, strategy, shown, merged)


def _go_on(
    folder: Path,
    recipe: dict[str, Any],
    manner: Manner,
    device: torch.device,
    strategy: Strategy,
    shown: Display,
    settled: Merge,
) -> Run:
    """As `resume_run`, with the settings that `settled` makes of those before and those now."""
    with held(folder, strategy.leads):
        if strategy.leads:
            settle(folder)
        strategy.wait()
        before = read_settings(folder)
        declarations, program = read_spec(folder, manner.limits)
        plain, objects = _told_apart(placed(recipe))
        for key in before.given:
            if key not in recipe:
                raise SpecError.of(NotGivenAgain(None, str(folder), key))
        texts = settled({key: value for key, value in before.recipe.items() if key not in objects}, plain.recipe)
        changed = {"recipe": texts, "given": plain.given, "plugins": plain.plugins, "launch": this_launch().key}
        settings = before.model_copy(update=changed)
        source = declarations.source
        job = Job(program, declarations, {source.name: source}, settings, manner, objects)
        prepared = prepare_job(job, device, strategy, folder.parent, shown)
        now = _settled(settings, prepared)
        check_recipe(folder, before, recipe, now.resolved)
        check_data(folder, before, now)
        strategy.wait()  # for all to have read the settings
        if strategy.leads:
            write_texts(folder, _texts(now, prepared))
        began = STATE in read_manifest(folder).files
        state = load_state(folder, device, strategy) if began else None
        return run_epochs(prepared, manner, folder, state, shown)


def _told_apart(recipe: Mapping[str, object]) -> tuple[Settings, dict[str, object]]:
    """The settings that a recipe is, and the values of it that no file can hold."""
    objects = {key: value for key, value in recipe.items() if is_given(key, value)}
    texts = {key: value for key, value in recipe.items() if key not in objects}
    batch = getattr(objects.get("data"), "batch_size", None)  # of a DataLoader
    if batch is not None:
        texts.setdefault("batch", batch)
    return Settings(recipe=texts, given=list(objects), plugins=loaded_plugins()), objects


def _settled(settings: Settings, prepared: Prepared) -> Settings:
    """The settings, with what followed from them."""
    found = {
        "model": prepared.name,
        "resolved": prepared.plan.to_json(),
        "samples": prepared.samples,
        "data": prepared.fingerprint,
        "measure": prepared.task.measure,
        "rises": prepared.objective.better == "higher",
        "versions": {"nnspec": __version__, "Python": platform.python_version(), "torch": str(torch.__version__)},
    }
    return settings.model_copy(update=found)


def _texts(settings: Settings, prepared: Prepared) -> dict[str, str]:
    """The files of a run that follow from its recipe: its settings, and how to draw its sample."""
    sample = prepared.objective.sample
    drawn = {SAMPLE: sample.to_json() + "\n"} if sample is not None else {}
    return {RUN: settings.model_dump_json(indent=1) + "\n", **drawn}


def prepare_job(
    job: Job, device: torch.device, strategy: Strategy, runs: Path | None = None, shown: Display = SILENT
) -> Prepared:
    """The task of a job: its data read, its networks built; `shown` is told of what takes long."""
    processes = this_process().beside
    supply = supply_of(job.manner.memory, job.manner.workers, runs, processes)
    supply = supply.replace(say=shown.say, reading=shown.reading)
    plan = read_plan(job.declarations, job.name, {**job.settings.recipe, **job.objects}, job.manner.limits)
    places = {name: Span(source, 0, 0) for name, source in job.sources.items()}
    base, places = Path(job.settings.base), {**places, **plan.sources}
    return prepare(job.program, plan, base, places, device, strategy, job.manner.limits, supply=supply)


@contextmanager
def placed_in(manner: Manner) -> Iterator[tuple[torch.device, Strategy]]:
    """The device and the strategy of this process; the generators of the caller stay as they are."""
    process = this_process()
    check_launch(manner.strategy, process)
    device = choose_device(manner.device, process)
    with own_randomness(device), joined(manner.strategy, process, device) as strategy, own_loaders():
        yield device, strategy
