"""The learning rate, and the momentum that may go with it, as a function of the step: the schedules of a recipe.

Those of torch are carried out by torch itself on an optimizer of their own, from the first step on. So they need no
place in the state of a run: what they give follows from the step and from the history alone.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import lr_scheduler

from nnspec.diagnostics import SpecError
from nnspec.raised import fails, guarded
from nnspec.recipe.schedules import (
    Composed,
    ConstantRate,
    Cosine,
    LinearFall,
    OneCycleLR,
    ReduceLROnPlateau,
    Schedule,
    StepFall,
    TorchSchedule,
)
from nnspec.train.pace import Course, Curve, Pace
from nnspec.train.rows import SCHEDULES, register_schedule


def pace(choice: Schedule, run: Course) -> Curve:
    """The learning rate at each step, counted from 0, with the warm-up before it."""
    curve, warmup = _checked(choice, SCHEDULES.row(choice)(choice, run)), choice.warmup
    if not warmup:
        return curve

    def warmed(step: int) -> Pace:
        if step >= warmup:
            return curve(step)
        rate, momentum = curve(step)
        return Pace(rate * (step + 1) / warmup, momentum)

    return warmed


def _checked(choice: Schedule, curve: Curve) -> Curve:
    """The curve of a schedule; that of a plug-in fails by name."""
    if type(choice).__module__.startswith("nnspec."):
        return curve

    def told(line: str) -> SpecError:
        return fails(type(choice).__module__, choice.word, line)

    if not callable(curve):
        raise told(f"its schedule gives what is of type {type(curve).__name__}, and no function of the step")
    own = guarded(curve, told)
    first: object = own(0)
    if not (isinstance(first, tuple) and len(first) == 2):
        raise told(f"its curve gives what is of type {type(first).__name__}, and no Pace")
    return own


# --- over the whole run: the curve begins behind the warm-up


def _behind(share: Callable[[Any, int, Course], float]) -> Callable[[Any, Course], Curve]:
    def curve(choice: Schedule, run: Course) -> Curve:
        return lambda step: Pace(run.highest * share(choice, max(0, step - choice.warmup), run))

    return curve


def _progress(choice: Schedule, step: int, run: Course) -> float:
    return min(1.0, step / max(1, run.steps - choice.warmup))


def _cosine(choice: Cosine, step: int, run: Course) -> float:
    fallen = 0.5 * (1 + math.cos(math.pi * _progress(choice, step, run)))
    return choice.final + (1 - choice.final) * fallen


def _linear(choice: LinearFall, step: int, run: Course) -> float:
    return 1 - (1 - choice.final) * _progress(choice, step, run)


def _falling(choice: StepFall, step: int, run: Course) -> float:
    return float(choice.factor ** (step // (choice.epochs * run.steps_per_epoch)))


register_schedule(ConstantRate)(_behind(lambda choice, step, run: 1.0))
register_schedule(Cosine)(_behind(_cosine))
register_schedule(LinearFall)(_behind(_linear))
register_schedule(StepFall)(_behind(_falling))


# --- of torch


class _Replayed:
    """A scheduler of torch after any number of its steps, which it takes again where it is asked for an earlier one."""

    def __init__(self, begin: Callable[[torch.optim.Optimizer], Any], highest: float) -> None:
        self.begin = begin
        self.highest = highest
        self._start()

    def _start(self) -> None:
        weight = torch.nn.Parameter(torch.zeros(()))
        self.optimizer = torch.optim.SGD([weight], lr=self.highest, momentum=0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.scheduler = self.begin(self.optimizer)
            self.optimizer.step()  # torch warns where a schedule goes before its optimizer
        self.count = 0

    def after(self, count: int, values: Sequence[float | None] | None = None) -> dict[str, float]:
        """The values of the optimizer after some steps; `values` are what each of them is told."""
        if count < self.count:
            self._start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            while self.count < count:
                if values is None:
                    self.scheduler.step()
                elif values[self.count] is not None:
                    self.scheduler.step(values[self.count])
                self.count += 1
        found: dict[str, float] = self.optimizer.param_groups[0]
        return found


@register_schedule(TorchSchedule)
def _of_torch(choice: TorchSchedule, run: Course) -> Curve:
    replayed = _Replayed(lambda optimizer: _scheduler(choice, optimizer, run), run.highest)
    each = run.steps_per_epoch if choice.by == "epoch" else 1
    parts = choice.schedulers if isinstance(choice, Composed) else (choice,)
    cycles = any(getattr(part, "cycle_momentum", False) for part in parts)

    def curve(step: int) -> Pace:
        values = replayed.after(step // each)
        return Pace(values["lr"], values["momentum"] if cycles else None)

    return curve


def _scheduler(choice: TorchSchedule, optimizer: torch.optim.Optimizer, run: Course) -> lr_scheduler.LRScheduler:
    arguments = {name: getattr(choice, name) for name in type(choice).model_fields if name not in ("warmup", "by")}
    if isinstance(choice, OneCycleLR):
        arguments["max_lr"] = choice.max_lr or run.highest
        arguments["total_steps"] = choice.total_steps or (run.epochs if choice.by == "epoch" else run.steps)
    if isinstance(choice, Composed):
        arguments["schedulers"] = [_scheduler(each, optimizer, run) for each in choice.schedulers]
    if "milestones" in arguments:
        arguments["milestones"] = list(arguments["milestones"])
    made: lr_scheduler.LRScheduler = getattr(lr_scheduler, choice.word)(**{"optimizer": optimizer, **arguments})
    return made


@register_schedule(ReduceLROnPlateau)
def _plateau(choice: ReduceLROnPlateau, run: Course) -> Curve:
    own = {name: getattr(choice, name) for name in type(choice).model_fields if name not in ("warmup", "mode", "of")}
    mode = choice.mode or ("max" if run.rises else "min")
    replayed = _Replayed(lambda each: lr_scheduler.ReduceLROnPlateau(each, mode=mode, **own), run.highest)

    def curve(step: int) -> Pace:
        values = run.measured()
        return Pace(replayed.after(min(step // run.steps_per_epoch, len(values)), values)["lr"])

    return curve
