"""From a model, a recipe and data to a task for the loop: everything that can be wrong is found here, before a step."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.elaborate.objective import Objective, elaborate_objective
from nnspec.elaborate.recipe import Plan
from nnspec.ir import Program
from nnspec.limits import Limits
from nnspec.record import Record
from nnspec.to_torch.module import build
from nnspec.train.augment import Augment, Followed
from nnspec.train.data.read import read
from nnspec.train.fit import Fitted, check_classes, frame_of
from nnspec.train.loop import Function, Task
from nnspec.train.mistakes import BadDevice
from nnspec.train.parts import freeze, groups, start_from
from nnspec.train.split import Parts, split


class Prepared(Record):
    """A task, and what is stored with its weights."""

    task: Task
    objective: Objective
    classes: tuple[str, ...]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    notes: tuple[str, ...]


def prepare(
    program: Program, plan: Plan, base: Path, sources: dict[str, Span], device: torch.device, limits: Limits
) -> Prepared:
    """Read the data, elaborate what is trained for, check all of it, and build the model with new weights.

    Args:
        program: the model.
        plan: its recipe.
        base: the folder that paths in the recipe start from.
        sources: a span of each text by its name.
        device: where it is trained.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: the data cannot be read, or does not fit; or the loss, the weights or the frozen parts are wrong.
    """
    recipe = plan.recipe
    data = read(recipe.data, base, frame_of(program), plan.places.get("data"))
    fitted = Fitted(data, program, plan.places.get("data"))
    objective = elaborate_objective(plan, program, fitted.types, limits)
    told_apart = check_classes(fitted, objective, sources)
    normalised = _normalised(fitted, objective, recipe.normalize)
    parts = split(data, fitted.fields, recipe.split, recipe.seed, normalised, device)
    draws = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)
    model = build(program, limits).to(device)
    if recipe.weights is not None:
        start_from(model, program, base / recipe.weights, recipe.drop, plan.places.get("drop"))
    freeze(model, recipe.freeze, plan.places.get("freeze"))
    metrics = objective.metrics
    task = Task(
        model,
        groups(model, recipe, plan.places.get("rates")),
        fitted.inputs,
        tuple((port.name, port.training) for port in program.main.outputs),
        _function(objective.loss, device),
        _function(metrics, device) if metrics else None,
        objective.metric_names,
        objective.in_evaluation,
        parts.training,
        parts.validation,
        Augment(recipe.augment, _followed(fitted, parts, normalised), draws) if recipe.augment else None,
        recipe,
        device,
        draws,
    )
    return Prepared(task, objective, data.classes, parts.mean, parts.std, _notes(task, fitted, told_apart))


def _function(program: Program, device: torch.device) -> Function:
    return Function(build(program).to(device), tuple(port.name for port in program.main.inputs))


def _normalised(fitted: Fitted, objective: Objective, wish: bool | None) -> str | None:
    """The input to normalise: the first of floats; none where the loss has it for a target, unless it is asked for."""
    floats = [name for name in fitted.inputs if fitted.types[name].dtype == "float"]
    if wish is False or not floats:
        return None
    same = {name for name, tensor in fitted.fields.items() if tensor is fitted.fields[floats[0]]}
    return None if wish is None and same & objective.reads else floats[0]


def _augmented(fitted: Fitted) -> str:
    """The input that `augment` changes: the first one of pictures."""
    for name in fitted.inputs:
        if fitted.types[name].dtype == "float" and fitted.types[name].rank == 4:
            return name
    fitted.fail(fitted.inputs[0], f"is {fitted.types[fitted.inputs[0]]}, no pictures that `augment` could change",
                "leave `augment` out")  # fmt: skip


def _followed(fitted: Fitted, parts: Parts, normalised: str | None) -> tuple[Followed, ...]:
    """The pictures that `augment` changes, and the pictures and masks of their size that belong to them."""
    first = parts.training[_augmented(fitted)]
    fields = (_augmented(fitted), *sorted(fitted.data.pictures | fitted.data.masks))
    tensors = {id(parts.training[name]): parts.training[name] for name in fields}
    followed = []
    for tensor in tensors.values():
        if tensor.shape[-2:] == first.shape[-2:] and tensor.ndim in (3, 4):
            names = tuple(name for name, other in parts.training.items() if other is tensor)
            followed.append(Followed(names, _black(parts, normalised in names, tensor.device)))
    return tuple(followed)


def _black(parts: Parts, normalised: bool, device: torch.device) -> Tensor:
    """[C], or [1]: the value of a black pixel."""
    if not normalised or parts.mean is None or parts.std is None:
        return torch.zeros(1, device=device)
    return -torch.tensor(parts.mean, device=device) / torch.tensor(parts.std, device=device)


def _notes(task: Task, fitted: Fitted, told_apart: int | None) -> tuple[str, ...]:
    """What a person should know before the first epoch."""
    counts = [len(next(iter(part.values()))) for part in (task.training, task.validation)]
    found = [f"{fitted.data.name}: {counts[0]:,} samples to train on, {counts[1]:,} held out"]
    known = len(fitted.data.classes)
    if told_apart is not None and 0 < known < told_apart:
        found.append(f"the model tells {told_apart} classes apart, and the data has {known}: the others stay unused")
    return tuple(found)


def choose_device(name: str | None) -> torch.device:
    """The device of this name; a GPU where there is one and none is named.

    Raises:
        SpecError: it is not here.
    """
    if name is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].lower()
        raise SpecError.of(BadDevice(None, name, reason)) from None
    return device
