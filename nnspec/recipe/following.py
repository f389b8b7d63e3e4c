"""Optimizers and schedules beside the rest of a recipe: what they cannot be used with is told before data is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nnspec.diagnostics import Span
from nnspec.elaborate.frame import Frame
from nnspec.ir import Program
from nnspec.ir.state import state_dict
from nnspec.layers.base import Better
from nnspec.recipe.mistakes import Unsuited
from nnspec.recipe.optimizers import LBFGS, Muon, Optimizer
from nnspec.recipe.recipe import Phase, Recipe
from nnspec.recipe.schedules import Composed, ReduceLROnPlateau, Schedule


def check_following(
    recipe: Recipe, phases: Sequence[tuple[Phase, dict[str, Span]]], places: dict[str, Span], frame: Frame
) -> None:
    """Tell what the optimizers and schedules of a block and its phases, each with its places, cannot be used with."""
    for own, inner in phases or [(Phase(), {})]:
        known = {**places, **inner}
        optimizer, schedule = own.optimizer or recipe.optimizer, own.schedule or recipe.schedule
        if isinstance(optimizer, LBFGS):
            clip = own.clip if own.clip is not None else recipe.clip
            for reason, advice in _beside_search(recipe, clip):
                frame.report(Unsuited(known.get("optimizer"), reason, advice))
        for each in _parts(schedule):
            if getattr(each, "cycle_momentum", False) and not _has_momentum(optimizer):
                reason = f"{each.word} moves the momentum, and {optimizer.word} has none"
                frame.report(Unsuited(known.get("schedule"), reason, f"write {each.word}(cycle_momentum = false, ...)"))


def _beside_search(recipe: Recipe, clip: float | None) -> Iterable[tuple[str, str]]:
    """What LBFGS cannot be used with: the reason, and the way out."""
    if recipe.precision == "float16":
        yield "LBFGS computes the loss several times a step, and float16 scales it once", 'write precision = "bfloat16"'
    if clip is not None:
        yield "LBFGS compares gradients, and `clip` changes them", "leave clip out"
    if recipe.rates or recipe.decay != "all":
        yield "LBFGS has one learning rate for all weights, and no weight decay", "leave rates and decay out"


def _parts(schedule: Schedule) -> tuple[Schedule, ...]:
    return schedule.schedulers if isinstance(schedule, Composed) else (schedule,)


def _has_momentum(optimizer: Optimizer) -> bool:
    return bool({"momentum", "betas"} & set(type(optimizer).model_fields))


def check_plateau(schedule: Schedule, metrics: Sequence[str], losses: Sequence[str], way: Better | None) -> str | None:
    """What is wrong with that by which a plateau is told; `way` says when the measure of the best weights is better."""
    if not isinstance(schedule, ReduceLROnPlateau):
        return None
    stated = {"min": "lower", "max": "higher", None: None}[schedule.mode]
    if schedule.of is not None and schedule.of not in (*metrics, *losses):
        return f"there is no column {schedule.of} in the metrics: they have {', '.join((*losses, *metrics))}"
    if schedule.of in losses:
        way = "lower"
    elif schedule.of is not None and schedule.of != metrics[0]:
        way = None
    if schedule.of is None and not metrics and len(losses) > 1:
        return f"of several losses none tells of a plateau: name one, of = {losses[0]!r}".replace("'", '"')
    if way is None and stated is None:
        return 'nothing tells whether more of its value is better: write mode = "min" or mode = "max"'
    if way is not None and stated not in (None, way):
        return f'mode = "{schedule.mode}" waits for the opposite of what is better: leave mode out'
    return None


def check_matrices(program: Program, optimizer: Optimizer, span: Span | None) -> Iterable[Unsuited]:
    """Whether a model has what its optimizer is for."""
    if isinstance(optimizer, Muon):
        weights = [entry.weight for entry in state_dict(program) if entry.weight.trainable]
        if not any(len(weight.shape) == 2 for weight in weights):
            yield Unsuited(span, "Muon is for matrices, and the model has none", "choose another optimizer: AdamW")
