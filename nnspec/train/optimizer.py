"""The optimizers of a recipe as those of torch, fused where torch has it."""

from __future__ import annotations

import torch

from nnspec.recipe.optimizers import SGD, Adagrad, Adam, AdamW, Optimizer
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
