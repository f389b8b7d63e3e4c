"""From a model, a recipe and data to a task for the loop: everything that can be wrong is found here, before a step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from nnspec.diagnostics import Sink, Span, SpecError
from nnspec.diagnostics.render import render
from nnspec.ir import Program
from nnspec.ir.parts import mixing, of_all_samples
from nnspec.layers.base import Layer
from nnspec.limits import Limits
from nnspec.recipe.augmentation import final_extent
from nnspec.recipe.data import Data, Table
from nnspec.recipe.held_out import held_out, in_files, recognised
from nnspec.recipe.masks import settle_masks
from nnspec.recipe.mistakes import NotBalanced
from nnspec.recipe.objective import Objective, elaborate_objective
from nnspec.recipe.plan import Plan
from nnspec.recipe.recipe import Recipe
from nnspec.recipe.squashed import wrong_scores
from nnspec.recipe.targets import class_targets
from nnspec.record import Record
from nnspec.train.augment import Augment
from nnspec.train.building import build_networks
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.known import Known
from nnspec.train.data.parts import read_parts
from nnspec.train.data.samples import Indices, fingerprint
from nnspec.train.delivery import Delivery
from nnspec.train.fit import Fitted, check_classes, frame_of
from nnspec.train.folder import RAW
from nnspec.train.followed import followed, middles
from nnspec.train.judging import Judging
from nnspec.train.keeping import Divided
from nnspec.train.launch import Process
from nnspec.train.manner import Device
from nnspec.train.masks import check_shares
from nnspec.train.mistakes import BadDevice, MixedBatches, MixedParts, NotOfParts
from nnspec.train.network import in_precision
from nnspec.train.order import Balanced, InShards, Order
from nnspec.train.shares import Parts, choose_parts
from nnspec.train.split import Statistics, statistics
from nnspec.train.strategy import Strategy
from nnspec.train.supply import Supply
from nnspec.train.task import Computation, Task
from nnspec.train.view import Normalise, View


class Built(Record):
    """A network that a recipe builds: which model it is, and the normalised fields by its inputs that get them."""

    model: str
    normalized: dict[str, str]


class Prepared(Record):
    """A task, and what is stored with its weights."""

    task: Task
    objective: Objective
    plan: Plan
    parts: dict[str, Built]  # the networks that a recipe builds, by label
    data: DataSet
    chosen: Parts  # its samples, by part
    raw: dict[str, View]  # its fields as the model takes them, not normalised
    known: Known  # what its numbers stand for
    statistics: dict[str, Statistics]  # by which inputs are normalised; fields, where a recipe builds its networks
    pictures: tuple[str, ...]  # inputs of the model that are pictures
    targets: tuple[str, ...]  # inputs that are normalised, and that the loss reads as they are then
    samples: int
    fingerprint: str  # of the data
    notes: tuple[str, ...]
    skipped: Set[str]  # the places of damaged samples that were come upon so far

    @property
    def name(self) -> str:
        """The name of what is trained."""
        return self.plan.name


def prepare(
    program: Program,
    plan: Plan,
    base: Path,
    sources: dict[str, Span],
    device: torch.device,
    strategy: Strategy,
    limits: Limits,
    judging: Judging | None = None,
    supply: Supply | None = None,
) -> Prepared:
    """Read the data, elaborate what is trained for, check all of it, and build the model with new weights.

    Args:
        program: the model.
        plan: its recipe.
        base: the folder that paths in the recipe start from.
        sources: a span of each text by its name.
        device: where it is trained.
        strategy: how it is spread over processes.
        limits: bounds on what the spec may ask for.
        judging: what is judged, and not trained: then both the training and the validation part are that.
        supply: the memory for data, and the processes that read it.

    Raises:
        SpecError: the data cannot be read, or does not fit; or the loss, the weights or the frozen parts are wrong.
    """
    recipe = plan.recipe
    model = None if plan.builds else program
    strategy.check(plan, program, sources)
    cut = final_extent(recipe.augment)
    inputs = None if model is None else {port.name: model.main.values[port.value] for port in model.main.inputs}
    choice, held = in_files(recipe.data.found(base), recognised(held_out(plan), base), base)
    known_before = judging.known if judging else None
    supply = (supply or Supply()).replace(skips=recipe.damaged == "skip")
    frame = frame_of(model, cut is not None)
    data = read_parts(choice, held, base, frame, plan.places, inputs, known_before, supply)
    divided = Divided(data, supply, device, plan.places.get("data"))
    fitted = Fitted(divided, model, plan.places.get("data"), cut)
    objective, types = settle_masks(
        fitted.fitting, lambda types: elaborate_objective(plan, model, types, fitted.batch, limits)
    )
    assert objective is not None, "the types of data that is read are known"
    fitted.read_as(types)
    if model is not None and (recipe.accumulate > 1 or strategy.processes > 1):
        for name in of_all_samples(model, fitted.batch):
            if name in objective.reads:
                raise SpecError.of(NotOfParts(plan.places.get("accumulate"), name))
    warned = Sink()
    mixed = None if model is None else mixing(model, fitted.batch)
    if mixed is not None:
        if recipe.accumulate > 1 or strategy.processes > 1:
            raise SpecError.of(MixedParts(plan.places.get("accumulate"), mixed))
        warned.add(MixedBatches(None, mixed))
    for each in wrong_scores(objective, model, sources):
        warned.add(each)
    warnings = [render([found]).rstrip() for found in (*objective.warnings, *warned.found)]
    told_apart = check_classes(fitted, objective, sources)
    check_shares(fitted, objective, sources)
    normalised = _normalised(fitted, objective, recipe, choice)
    chosen = choose_parts(
        data.own,
        held,
        recipe.seed,
        in_order=data.in_order,
        classes=_classes(fitted, objective, sources) if held.stratify else None,
        name=data.name,
        span=plan.places.get("stratify") or plan.places.get("test"),
    )
    if judging is not None:
        judged = judging.chosen(data, chosen, plan.places.get("data"))
        chosen = Parts(judged, judged, judged[:0])
    divided.divide([chosen.training, chosen.validation, chosen.test], recipe.batch)
    known, views = _normalising(fitted, normalised, judging)
    pictures = followed(fitted, views, known, device) if recipe.augment else ()
    draws = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    networks = build_networks(
        objective, objective.whole or program, plan, fitted.batch, base, sources, device, strategy, limits
    )
    features = networks.features
    precision = in_precision(recipe, device)

    def delivery(part: int, views: dict[str, View], order: Order | None = None) -> Delivery:
        order = order or Order(len(divided.parts[part]), recipe.batch, recipe.seed)
        delivered = divided.delivered(part, views, order)
        return delivered if features is None else features.added(delivered, precision)

    seen = middles(views, pictures, cut) if cut else views
    validation = delivery(1, seen)
    training = validation
    if judging is None:
        training = delivery(0, views, _order(data, recipe, chosen.training, plan.places.get("balanced")))
    task = Task(
        model=networks.model,
        forward=features.rest if features else Computation(networks.model, fitted.inputs),
        modules=networks.modules,
        phases=networks.phases,
        inputs=fitted.inputs,
        outputs=tuple((port.name, port.training) for port in model.main.outputs) if model else (),
        derives=objective.derives,
        tracked=tuple(sorted(objective.tracked & set(fitted.inputs))),
        metrics=networks.metrics,
        metric_names=objective.metric_names,
        sample=networks.sample,
        judged=networks.judged,
        measure=_measure(objective),
        rises=objective.better == "higher",
        training=training,
        validation=validation,
        test=delivery(2, seen) if len(chosen.test) else None,
        fields=(*views, *(features.names if features else ())),
        augment=Augment(recipe.augment, pictures, draws) if recipe.augment else None,
        recipe=recipe,
        device=device,
        draws=draws,
        strategy=strategy,
    )
    return Prepared(
        task=task,
        objective=objective,
        plan=plan,
        parts=_built(objective, normalised),
        data=data,
        chosen=chosen,
        raw=fitted.fields,
        known=Known.of(data),
        statistics=known,
        pictures=tuple(name for name in fitted.inputs if _shared(fitted, name, data.pictures)),
        targets=tuple(name for name in fitted.inputs if name in normalised and _shared(fitted, name, objective.reads)),
        samples=len(data),
        fingerprint=fingerprint(data.samples),
        notes=(
            *_notes(task, fitted, told_apart),
            *filter(None, [networks.told]),
            *(_sampled(fitted, known) if judging is None else ()),
            *warnings,
        ),
        skipped=divided.skipped,
    )


def _order(data: DataSet, recipe: Recipe, training: Indices, span: Span | None) -> Order:
    """The order of the samples to train on."""
    samples = data.samples
    if recipe.balanced is None and samples.shards is not None and len(training) == 1 + training[-1]:
        ends = np.minimum(np.cumsum(samples.shards), len(training))
        return InShards(np.diff(ends, prepend=0).tolist(), recipe.batch, recipe.seed, samples.buffer)
    if recipe.balanced is None:
        return Order(len(training), recipe.batch, recipe.seed)
    labels = data.samples.known.get(recipe.balanced)
    if labels is None or labels.ndim != 1 or labels.is_floating_point():
        known = [name for name, each in data.samples.known.items() if each.ndim == 1 and not each.is_floating_point()]
        raise SpecError.of(NotBalanced(span, recipe.balanced, tuple(known)))
    return Balanced(labels.numpy()[training], recipe.batch, recipe.seed)


def _measure(objective: Objective) -> str | None:
    """The measure that chooses the best weights: the first metric, or the loss if there is only one; None for none."""
    if objective.better is None or (len(objective.losses) > 1 and not objective.metric_names):
        return None
    return (*objective.metric_names, "validation_loss" if objective.in_evaluation else "loss")[0]


def _built(objective: Objective, normalised: Collection[str]) -> dict[str, Built]:
    """The networks that a recipe builds, by label."""
    whole = objective.whole
    found: dict[str, Built] = {}
    for call in whole.main.calls if whole else ():
        module = whole.modules[call.callee] if whole and isinstance(call.callee, str) else None
        if whole is None or module is None or call.label is None or module.kind != "model":
            continue
        fields = {port.value: port.name for port in whole.main.inputs if port.name in normalised}
        given = zip(module.inputs, call.inputs, strict=False)
        known = dict(found[call.label].normalized) if call.label in found else {}
        known |= {port.name: fields[value] for port, value in given if value in fields}
        found[call.label] = Built(module.name, known)
    return found


def _shared(fitted: Fitted, field: str, names: Collection[str]) -> bool:
    """Whether one of these names stands for a field too."""
    return any(fitted.fields.get(name) is fitted.fields[field] for name in names)


def _classes(fitted: Fitted, objective: Objective, sources: dict[str, Span]) -> Tensor | None:
    """The classes of all samples, of the field that the loss tells apart, or of `label`."""
    names = [field for _, _, field, _ in class_targets(objective, sources)]
    known = fitted.data.samples.known
    found = next((known[name] for name in (*names, "label") if name in known), None)
    return found if found is not None and found.ndim == 1 and not found.is_floating_point() else None


def _normalised(fitted: Fitted, objective: Objective, recipe: Recipe, data: Data) -> tuple[str, ...]:
    """The inputs to normalise: the first of floats, of a table all that are columns of floats.

    What the loss has for a target is left as it is, unless `normalize` asks for it. Where the losses compute
    everything, the first field of floats is normalised if it is asked for.
    """
    floats = [name for name in fitted.inputs or fitted.fields if fitted.types[name].dtype == "float"]
    if recipe.normalize is False or (recipe.normalize is None and not fitted.inputs):
        return ()
    chosen = floats if fitted.inputs and isinstance(data, Table) else floats[:1]
    return tuple(name for name in chosen if recipe.normalize or not _shared(fitted, name, objective.reads))


def _normalising(
    fitted: Fitted, normalised: Collection[str], judging: Judging | None
) -> tuple[dict[str, Statistics], dict[str, View]]:
    """The statistics of the fields to normalise, and all fields with those normalised, whatever their names."""
    views = dict(fitted.fields)
    found = {}
    for name in normalised:
        view = fitted.fields[name]
        pictures = any(fitted.fields[picture] is view for picture in fitted.data.pictures)
        table = len(view.form.sizes) == 1 and not pictures
        known = judging.statistics_of(name) if judging else statistics(fitted.divided, view, table)
        if known is None:
            continue
        found[name] = known
        made = view.then(Normalise(torch.tensor(known.mean), torch.tensor(known.std)))
        views |= {each: made for each, own in fitted.fields.items() if own is view}
    return found, views


def _sampled(fitted: Fitted, normalised: Collection[str]) -> Iterator[str]:
    """Notes on inputs whose statistics are those of some samples of very many."""
    divided = fitted.divided
    for name in normalised:
        count, whole = divided.looked_at(fitted.fields[name], 0), len(divided.parts[0])
        if count < whole:
            yield f"{name} is normalised by the mean and the deviation of {count:,} of the {whole:,} samples"


def _notes(task: Task, fitted: Fitted, told_apart: int | None) -> tuple[str, ...]:
    """Notes for a person to read before the first epoch."""
    counts = [len(part) for part in (task.training, task.validation)]
    tested = f", {len(task.test):,} for the test" if task.test is not None else ""
    found = [
        f"{fitted.data.name}: {counts[0]:,} samples to train on, {counts[1]:,} held out{tested}",
        *(
            f"the input {name} is given the field {field}"
            for name, field in fitted.fitting.feeds.items()
            if name != field
        ),
        *fitted.divided.notes,
        *fitted.data.notes,
    ]
    known = len(fitted.data.classes)
    if told_apart is not None and 0 < known < told_apart:
        found.append(f"the model tells {told_apart} classes apart, and the data has {known}: the others stay unused")
    batch, layers = task.recipe.batch, [layer for module in task.modules for layer in module.modules()]
    if task.recipe.accumulate > 1 and any(isinstance(layer, _BatchNorm) for layer in layers):
        found.append("batch normalisation takes its statistics from each part of a batch, not from all of it")
    for whole in (task.judged, task.metrics):
        for call in whole.parts.batchwise if whole and counts[1] > batch else ():
            name = call.callee.function if isinstance(call.callee, Layer) else call.callee
            found.append(
                f"{name} compares the samples of a batch: in validation it is the mean over batches of {batch}"
            )
    if task.recipe.ema is not None:
        found.append(f"averaged weights are validated and stored; {RAW} has those of the last step, as they are")
    return tuple(dict.fromkeys(found))


def choose_device(name: Device | None, process: Process) -> torch.device:
    """The device of this name; a GPU where there is one and none is named. Of several processes each has its own.

    Raises:
        SpecError: it is not here.
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and process.count > 1:
        name = f"cuda:{process.local}"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].lower()
        if reason.startswith("expected one of"):  # a list of two dozen
            reason = "pytorch knows no such device"
        raise SpecError.of(BadDevice(None, str(name), reason)) from None
    return device
