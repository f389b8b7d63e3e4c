"""Opening what is judged: the folder of a run, or a spec with its weights; run by PyTorch, or as an ONNX file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from os import PathLike
from pathlib import Path

import torch

from nnspec.diagnostics import Source, Span, SpecError
from nnspec.elaborate.declarations import Declarations
from nnspec.evaluation.comparisons import Comparison, comparisons, judged_programs
from nnspec.evaluation.given import data_for
from nnspec.evaluation.judge import Subject
from nnspec.evaluation.onnx_model import NotOneFile, OnnxModel
from nnspec.infer.session import Session
from nnspec.ir import Program
from nnspec.limits import Limits
from nnspec.recipe.check import folder_of
from nnspec.recipe.given import GivenWeights
from nnspec.recipe.plan import Plan, read_plan
from nnspec.recipe.recipe import HELD_OUT, Recipe
from nnspec.record import Record
from nnspec.train.building import computation
from nnspec.train.judging import Judging
from nnspec.train.launch import this_process
from nnspec.train.manner import Device, Part
from nnspec.train.mistakes import NotGivenAgain
from nnspec.train.network import Network
from nnspec.train.prepare import Prepared, choose_device, prepare
from nnspec.train.randomness import own_randomness
from nnspec.train.settings import best_weights, read_settings
from nnspec.train.stored import read_spec
from nnspec.train.strategy import Strategy
from nnspec.train.supply import supply_of
from nnspec.train.task import Computation
from nnspec.weights.checkpoint import open_checkpoint
from nnspec.weights.source import WeightSource
from nnspec.weights.source import shown as shown_weights


class Request(Record):
    """What is judged of a model, and how."""

    data: object  # a path, what a recipe writes, or an object of Python; None for that of the recipe
    part: Part | None  # None for the usual one
    weights: WeightSource | None  # None for the best ones of a run
    onnx: str | PathLike[str] | None  # a file that is run in the place of PyTorch
    device: Device | None
    memory: str | None  # that data may take
    workers: int | None  # processes that read samples
    limits: Limits


def open_run(folder: Path, request: Request) -> Subject:
    """The model of a run.

    Raises:
        SpecError: the folder holds no run or no weights, or the data cannot be read or does not fit.
    """
    settings = read_settings(folder)
    declarations, program = read_spec(folder, request.limits)
    if settings.given and request.data is None:
        raise SpecError.of(NotGivenAgain(None, str(folder), settings.given[0], "evaluate"))
    plan = read_plan(declarations, program.main.name, settings.recipe, request.limits)
    weights = request.weights if request.weights is not None else best_weights(folder)
    return _opened(program, plan, declarations.sources(), Path(settings.base), weights, request, folder.parent)


def open_spec(
    program: Program, declarations: Declarations, sources: Mapping[str, Source], weights: WeightSource, request: Request
) -> Subject:
    """The model of a spec, with weights.

    Raises:
        SpecError: the weights are not the model's, or the data cannot be read or does not fit.
    """
    plan = read_plan(declarations, program.main.name, {}, request.limits)
    return _opened(program, plan, sources, folder_of(declarations), weights, request)


def _opened(
    program: Program,
    plan: Plan,
    sources: Mapping[str, Source],
    base: Path,
    weights: WeightSource,
    request: Request,
    runs: Path | None = None,
) -> Subject:
    """The model of a recipe; `runs` is the folder of runs, where what was made of the data once is."""
    source = str(Path(weights).absolute()) if isinstance(weights, (str, PathLike)) else GivenWeights(value=weights)
    changed: dict[str, object] = {"weights": source, "drop": (), "partial": False}
    part = request.part
    if request.data is not None:
        data = data_for(request.data, plan.recipe.data, base)
        asked = plan.recipe if part not in (None, "all") else Recipe()
        shares = {key: value if isinstance(value := getattr(asked, key), float) else None for key in HELD_OUT}
        changed |= {"data": data, **shares, "stratify": asked.stratify}
        plan = plan.replace(places={})  # what is wrong with it is no mistake of the recipe
    elif part is None:
        part = "validation"
    session = None if request.onnx is None else Session(request.onnx)
    if session is not None and plan.builds:
        raise SpecError.of(NotOneFile(None, session.path, "the recipe builds its networks itself"))
    if session is not None:
        changed |= {"cache_features": False, "compile": False}
    plan = plan.replace(recipe=plan.recipe.model_copy(update=changed))
    judging = Judging.stored(part, open_checkpoint(weights).metadata)
    places = {name: Span(source, 0, 0) for name, source in sources.items()} | plan.sources
    device = choose_device("cpu" if session is not None else request.device, this_process())
    supply = supply_of(request.memory, request.workers, runs)
    with own_randomness(device):
        prepared = prepare(program, plan, base, places, device, Strategy(), request.limits, judging, supply)
    if session is not None:
        if prepared.task.derives:
            raise SpecError.of(NotOneFile(None, session.path, "its loss takes derivatives of the model"))
        prepared = _by_onnx(prepared, session)
    function = partial(computation, model=prepared.task.model, device=device, limits=request.limits)
    made = {port.name for port in program.main.outputs if not port.training} if not plan.builds else set()
    found = comparisons(judged_programs(prepared.objective), made)
    shown = shown_weights(weights) if session is None else str(request.onnx)
    return subject_of(prepared, found, function, plan.name, shown, judging.named(prepared.data))


def subject_of(
    prepared: Prepared,
    found: tuple[Comparison, ...],
    function: Callable[[Program], Computation],
    model: str,
    weights: str,
    part: str,
) -> Subject:
    """The subject of what is prepared."""
    compared = tuple((each, _evaluating(function(each.program))) for each in found)
    task, objective = prepared.task, prepared.objective
    alone = task.judged is not None and not task.judged.parts.batchwise and not task.derives
    loss = _evaluating(function(objective.losses[0])) if alone else None  # else samples are compared with others
    return Subject(
        Network(task),
        loss,
        compared,
        prepared.known,
        prepared.data,
        prepared.chosen.validation,
        model,
        weights,
        part,
        prepared.skipped,
    )


def _evaluating(function: Computation) -> Computation:
    function.module.eval()
    return function


def _by_onnx(prepared: Prepared, session: Session) -> Prepared:
    """The same, with an ONNX file in the place of the model; it is given what it takes, normalised or not."""
    task = prepared.task
    inputs = {name: prepared.statistics.get(name) for name in task.inputs}
    outputs = tuple(name for name, training in task.outputs if not training)
    model = OnnxModel(session, inputs, outputs)
    forward = Computation(model, task.inputs)
    return prepared.replace(task=task.replace(forward=forward, modules=(), model=torch.nn.Module()))
