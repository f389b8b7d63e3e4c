"""The learning rate as a function of the step: the mathematics of the schedules of a recipe."""

from __future__ import annotations

import math
from collections.abc import Callable

from nnspec.recipe.schedules import ConstantRate, Cosine, LinearFall, Schedule, StepFall


def learning_rate(choice: Schedule, highest: float, steps_per_epoch: int, steps: int) -> Callable[[int], float]:
    """The learning rate at each step, counted from 0, of `steps` in all."""
    curve = _curve(choice, steps_per_epoch, max(1, steps - choice.warmup))

    def rate(step: int) -> float:
        if step < choice.warmup:
            return highest * (step + 1) / choice.warmup
        return highest * curve(step - choice.warmup)

    return rate


def _curve(choice: Schedule, steps_per_epoch: int, steps: int) -> Callable[[int], float]:
    match choice:
        case Cosine():
            final = choice.final
            return lambda step: final + (1 - final) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
        case LinearFall():
            final = choice.final
            return lambda step: 1 - (1 - final) * min(1.0, step / steps)
        case StepFall():
            length, factor = choice.epochs * steps_per_epoch, choice.factor
            return lambda step: float(factor ** (step // length))
        case ConstantRate():
            return lambda step: 1.0
    raise TypeError(f"no schedule for {choice.word}")
