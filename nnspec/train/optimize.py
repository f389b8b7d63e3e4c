"""Optimizers in torch's fused forms, and learning rates as functions of the step."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from nnspec.elaborate.choices import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Constant,
    Cosine,
    LinearFall,
    Optimizer,
    Schedule,
    StepFall,
)
from nnspec.train.strategy import Strategy

CLASSES: dict[str, type[torch.optim.Optimizer]] = {
    "SGD": torch.optim.SGD,
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
    "Adagrad": torch.optim.Adagrad,
}


# Which optimizers torch has as one kernel; of weights that are spread over processes, by their shares.
FUSED: dict[str, tuple[type[Optimizer], ...]] = {
    "cpu": (SGD, Adam, AdamW, Adagrad),
    "cuda": (SGD, Adam, AdamW),
    "shards": (Adam, AdamW),
}


def optimizer(
    choice: Optimizer, groups: list[dict[str, object]], device: torch.device, strategy: Strategy
) -> torch.optim.Optimizer:
    """The optimizer of a recipe, for weights in groups; one kernel for all weights of one where torch has it."""
    options = choice.model_dump()
    if isinstance(choice, FUSED.get("shards" if strategy.shards else device.type, ())):
        options["fused"] = True
    return CLASSES[choice.word](groups, **options)


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
        case Constant():
            return lambda step: 1.0
    raise TypeError(f"no schedule for {choice.word}")
