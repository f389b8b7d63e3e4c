"""The modules of a task: one owns all weights; losses, metrics and samples that build networks share them with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from functools import partial
from pathlib import Path

import torch
from torch import nn

from nnspec.diagnostics import Span, SpecError
from nnspec.dims import Size
from nnspec.ir import Program
from nnspec.ir.parts import in_parts
from nnspec.ir.room import need_memory
from nnspec.limits import Limits
from nnspec.recipe.caching import check_cacheable
from nnspec.recipe.given import GivenWeights
from nnspec.recipe.mistakes import NothingToUpdate
from nnspec.recipe.objective import Objective
from nnspec.recipe.optimizers import LBFGS, Optimizer
from nnspec.recipe.parts import names_below
from nnspec.recipe.plan import PhasePlan, Plan
from nnspec.record import Record
from nnspec.to_torch.module import build
from nnspec.train.compiled import check_compiler
from nnspec.train.features import Features, divide_model
from nnspec.train.foreign import need_their_numbers
from nnspec.train.parts import freeze, groups, start_from, weight_names
from nnspec.train.randomness import own_randomness
from nnspec.train.strategy import Strategy
from nnspec.train.task import Computation, PhaseTask, Whole
from nnspec.weights.source import WeightChoice, given

MOMENTS = {"Adafactor": 0, "SGD": 0, "RMSprop": 1, "Adagrad": 1, "ASGD": 1}  # that an optimizer keeps of each gradient


class BuiltNetworks(Record):
    """The networks that are built for a recipe."""

    model: nn.Module  # owns all weights
    modules: tuple[nn.Module, ...]  # compute with them in training
    features: Features | None  # the model in two, where features are cached
    phases: tuple[PhaseTask, ...]
    metrics: Whole | None
    judged: Whole | None  # the loss in evaluation
    sample: Computation | None
    told: str | None  # of how the keys of the weights to start from were read


def build_networks(
    objective: Objective,
    program: Program,
    plan: Plan,
    batch: Size,
    base: Path,
    sources: dict[str, Span],
    device: torch.device,
    strategy: Strategy,
    limits: Limits,
) -> BuiltNetworks:
    """Build everything, with new weights or those that the recipe starts from.

    Args:
        objective: losses, metrics and samples.
        program: the model, or all networks that the recipe builds.
        plan: the recipe.
        batch: the symbol of the number of samples.
        base: the folder that its paths start from.
        sources: a span of each text by its name.
        device: where the weights are.
        strategy: how they are spread over processes.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: the weights to start from are not the model's, a part that the recipe names does not exist, or the
            strategy cannot train this; or there is no compiler where the recipe asks for one.
    """
    recipe = plan.recipe
    if device.type == "cpu":
        need_memory(program, limits, copies(plan), "its weights, their gradients and averages")
    model = build(program, limits).to(device)
    told = None
    if recipe.weights is not None:
        named = recipe.weights.value if isinstance(recipe.weights, GivenWeights) else base / recipe.weights
        source = WeightChoice(given(named), partial=True) if recipe.partial else named
        need_their_numbers(source, recipe.data, plan.places.get("data"))
        told = start_from(model, program, source, recipe.drop, plan.places.get("drop"))
    freeze(model, recipe.freeze, plan.places.get("freeze"))
    if recipe.compile:
        check_compiler(device)
    strategy.spread(model, program, objective.reads, sources)

    function = partial(computation, model=model, device=device, limits=limits, strategy=strategy)
    made = set() if objective.whole else {port.name for port in program.main.outputs}

    def whole(part: Program, evaluation: bool) -> Whole:
        return in_halves(part, batch, made, function, evaluation)

    apart = recipe.accumulate > 1 or strategy.processes > 1
    losses = [function(loss) for loss in objective.losses]
    sample = function(objective.sample) if objective.sample else None
    if sample is not None:
        sample.module.eval()
    with own_randomness(device):  # what is built again draws weights that are not used
        wholes = [whole(loss, False) if apart else None for loss in objective.losses]
        metrics = whole(objective.metrics, True) if objective.metrics else None
        judged = whole(objective.losses[0], True) if objective.in_evaluation else None
    phases = [_phase(*each, model, plan) for each in zip(plan.phases, losses, wholes, strict=True)]
    modules = tuple(_computing(losses, wholes)) if objective.whole else (model,)
    features = None
    if recipe.cache_features:
        check_cacheable(objective, plan, strategy.name)
        with own_randomness(device):  # the run then draws what it draws without a cache
            features = divide_model(model, program, plan, function)
        modules = (features.rest.module,)
    return BuiltNetworks(model, modules, features, tuple(phases), metrics, judged, sample, told)


def _computing(losses: Sequence[Computation], wholes: Sequence[Whole | None]) -> Iterator[nn.Module]:
    """The modules that compute with the weights in training, where losses build networks: whole, or in halves."""
    for loss, whole in zip(losses, wholes, strict=True):
        halves = (whole.first, whole.rest) if whole else ()
        yield from (each.module for each in (loss, *halves) if each is not None)


def copies(plan: Plan) -> int:
    """The count of numbers kept for each weight: itself, its gradient, the optimizer's averages, `ema`."""
    chosen = [plan.recipe.optimizer, *(phase.recipe.optimizer for phase in plan.phases)]
    kept = max(_moments(each) for each in chosen if each)
    return 2 + kept + (plan.recipe.ema is not None)


def _moments(choice: Optimizer) -> int:
    if isinstance(choice, LBFGS):
        return 2 * choice.history_size
    return MOMENTS.get(choice.word, 2)


def computation(
    part: Program, *, model: nn.Module | None, device: torch.device, limits: Limits, strategy: Strategy | None = None
) -> Computation:
    """A program as a module, which computes with the weights of a model where it has any."""
    module = (strategy or Strategy()).computing(build(part, limits).to(device))
    if model is not None:
        _share(module, model)
    return Computation(module, tuple(port.name for port in part.main.inputs))


def in_halves(
    part: Program, batch: Size, made: Set[str], function: Callable[[Program], Computation], evaluation: bool
) -> Whole:
    """A function of a whole batch in its halves: see `nnspec.ir.parts`.

    Args:
        part: the function.
        batch: the symbol of the number of samples.
        made: the inputs of it that a model gives.
        function: makes a module of a program.
        evaluation: whether it is of all samples that are held out.
    """
    divided = in_parts(part, batch, made, evaluation=evaluation)
    first, rest, given = (
        None if each is None else function(each) for each in (divided.first, divided.rest, divided.given)
    )
    for each in (first, rest, given):
        if each is not None:
            each.module.train(not evaluation)
    assert rest is not None
    return Whole(divided, first, rest, given)


def _share(module: nn.Module, owner: nn.Module) -> None:
    """Let a module that has some of the owner's keys compute with the owner's weights and statistics."""
    for name, tensor in owner.named_parameters(remove_duplicate=False):
        place, leaf = _place(module, name)
        if place is not None and leaf in place._parameters:
            place._parameters[leaf] = tensor
    for name, buffer in owner.named_buffers(remove_duplicate=False):
        place, leaf = _place(module, name)
        if place is not None and leaf in place._buffers:
            place._buffers[leaf] = buffer


def _place(module: nn.Module, name: str) -> tuple[nn.Module | None, str]:
    """The module below this one that has the weight of a name, and what it calls it; labels may be any words."""
    *path, leaf = name.split(".")
    place: nn.Module | None = module
    for label in path:
        place = None if place is None else place._modules.get(label)
    return place, leaf


def _phase(phase: PhasePlan, loss: Computation, whole: Whole | None, model: nn.Module, plan: Plan) -> PhaseTask:
    recipe = plan.recipe
    own = {name for name, _ in loss.module.named_parameters()} if plan.builds else None
    if own is not None and phase.recipe.update:
        span = phase.places.get("update")
        wanted = {name for part in phase.recipe.update for name in names_below(weight_names(model), part, span)}
        own &= wanted
        if not own:
            shown = ", ".join(phase.recipe.update)
            raise SpecError.of(NothingToUpdate(span, f"the phase {phase.name}", f"its loss does not use {shown}"))
    return PhaseTask(
        phase.name,
        loss,
        whole,
        groups(model, recipe, plan.places.get("rates"), own),
        phase.recipe.optimizer or recipe.optimizer,
        phase.recipe.schedule or recipe.schedule,
        phase.recipe.clip if phase.recipe.clip is not None else recipe.clip,
        phase.recipe.steps,
    )
