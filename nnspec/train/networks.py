"""The modules of a task: one owns all weights; losses, metrics and samples that build networks share them with it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from nnspec.diagnostics import Span, SpecError
from nnspec.elaborate.caching import check_cacheable
from nnspec.elaborate.objective import Objective
from nnspec.elaborate.parts import names_below
from nnspec.elaborate.plan import PhasePlan, Plan
from nnspec.elaborate.recipe_mistakes import NothingToUpdate
from nnspec.ir import Program
from nnspec.limits import Limits
from nnspec.record import Record
from nnspec.to_torch.module import build
from nnspec.train.compiled import check_compiler
from nnspec.train.features import Features, divide_model
from nnspec.train.parts import freeze, groups, start_from, weight_names
from nnspec.train.randomness import own_randomness
from nnspec.train.strategy import Strategy
from nnspec.train.task import Function, Phase


class Networks(Record):
    """What is built for a recipe."""

    model: nn.Module  # owns all weights
    modules: tuple[nn.Module, ...]  # compute with them in training
    features: Features | None  # the model in two, where features are cached
    phases: tuple[Phase, ...]
    metrics: Function | None
    sample: Function | None


def build_networks(
    objective: Objective,
    program: Program,
    plan: Plan,
    base: Path,
    sources: dict[str, Span],
    device: torch.device,
    strategy: Strategy,
    limits: Limits,
) -> Networks:
    """Build everything, with new weights or those that the recipe starts from.

    Args:
        objective: losses, metrics and samples.
        program: the model, or all networks that the recipe builds.
        plan: the recipe.
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
    model = build(program, limits).to(device)
    if recipe.weights is not None:
        start_from(model, program, base / recipe.weights, recipe.drop, plan.places.get("drop"))
    freeze(model, recipe.freeze, plan.places.get("freeze"))
    strategy.check(plan)
    if recipe.compile:
        check_compiler(device)
    strategy.spread(model, program, objective.reads, sources)

    def function(part: Program) -> Function:
        module = build(part, limits).to(device)
        _share(module, model)
        return Function(module, tuple(port.name for port in part.main.inputs))

    losses = [function(loss) for loss in objective.losses]
    phases = [_phase(phase, loss, model, plan) for phase, loss in zip(plan.phases, losses, strict=True)]
    metrics = function(objective.metrics) if objective.metrics else None
    sample = function(objective.sample) if objective.sample else None
    for judge in (metrics, sample):
        if judge is not None:
            judge.module.eval()
    modules = tuple(loss.module for loss in losses) if objective.whole else (model,)
    features = None
    if recipe.cache_features:
        check_cacheable(objective, plan, strategy.name)
        with own_randomness(device):  # the run then draws what it draws without a cache
            features = divide_model(model, program, plan, function)
        modules = (features.rest.module,)
    return Networks(model, modules, features, tuple(phases), metrics, sample)


def _share(module: nn.Module, owner: nn.Module) -> None:
    """Let a module that has some of the owner's keys compute with the owner's weights and statistics."""
    named = (owner.named_parameters(remove_duplicate=False), owner.named_buffers(remove_duplicate=False))
    for tensors in map(dict[str, Tensor], named):
        for name, tensor in tensors.items():
            path, _, leaf = name.rpartition(".")
            try:
                place = module.get_submodule(path)
            except AttributeError:
                continue
            if hasattr(place, leaf):
                setattr(place, leaf, tensor)


def _phase(phase: PhasePlan, loss: Function, model: nn.Module, plan: Plan) -> Phase:
    recipe = plan.recipe
    own = {name for name, _ in loss.module.named_parameters()} if plan.builds else None
    if own is not None and phase.recipe.update:
        span = phase.places.get("update")
        wanted = {name for part in phase.recipe.update for name in names_below(weight_names(model), part, span)}
        own &= wanted
        if not own:
            shown = ", ".join(phase.recipe.update)
            raise SpecError.of(NothingToUpdate(span, f"the phase {phase.name}", f"its loss does not use {shown}"))
    return Phase(
        phase.name,
        loss,
        groups(model, recipe, plan.places.get("rates"), own),
        phase.recipe.optimizer or recipe.optimizer,
        phase.recipe.schedule or recipe.schedule,
        phase.recipe.clip if phase.recipe.clip is not None else recipe.clip,
        phase.recipe.steps,
    )
