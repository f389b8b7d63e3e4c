"""The optimizers of a recipe as those of torch, fused where torch has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import torch
from torch.nn import Parameter
from torch.optim import Optimizer as TorchOptimizer

from nnspec.diagnostics import SpecError
from nnspec.raised import fails
from nnspec.recipe.mistakes import Unsuited
from nnspec.recipe.optimizers import SGD, Adagrad, Adam, AdamW, Muon, Optimizer
from nnspec.train.rows import OPTIMIZERS, Groups, register_optimizer
from nnspec.train.strategy import Strategy

# Which optimizers torch has as one kernel; of weights that are spread over processes, by their shares.
FUSED: dict[str, tuple[type[Optimizer], ...]] = {
    "cpu": (SGD, Adam, AdamW, Adagrad),
    "cuda": (SGD, Adam, AdamW),
    "shards": (Adam, AdamW),
}


def optimizers(
    choice: Optimizer, groups: Groups, device: torch.device, strategy: Strategy
) -> tuple[TorchOptimizer, ...]:
    """The optimizer of a recipe, for weights in groups; a second one where it is for matrices alone."""
    if not isinstance(choice, Muon):
        return (_built(choice, groups, device, strategy),)
    ratio = choice.others.lr / choice.lr
    parts = (
        (choice, _some(groups, lambda weight: weight.ndim == 2, 1.0)),
        (choice.others, _some(groups, lambda weight: weight.ndim != 2, ratio)),
    )
    return tuple(_built(each, own, device, strategy) for each, own in parts if own)


def _some(groups: Groups, wanted: Callable[[Parameter], bool], factor: float) -> Groups:
    chosen = [{**group, "params": list(filter(wanted, group["params"]))} for group in groups]
    return [{**group, "factor": group["factor"] * factor} for group in chosen if group["params"]]


def _built(choice: Optimizer, groups: Groups, device: torch.device, strategy: Strategy) -> TorchOptimizer:
    fused = isinstance(choice, FUSED.get("shards" if strategy.shards else device.type, ()))
    made: object = OPTIMIZERS.row(choice)(choice, groups, fused)
    if not isinstance(made, TorchOptimizer):
        reason = f"what is made is of type {type(made).__name__}, and no torch.optim.Optimizer"
        raise fails(type(choice).__module__, choice.word, reason)
    return made


@register_optimizer(Optimizer)
def _of_torch(choice: Optimizer, groups: Groups, fused: bool) -> TorchOptimizer:
    """The class that torch has under the same name."""
    kind = getattr(torch.optim, choice.word, None)
    if kind is None:
        reason = f"this PyTorch, {torch.__version__}, has no {choice.word}"
        raise SpecError.of(Unsuited(None, reason, "update it, or choose another optimizer"))
    options = choice.model_dump(exclude={"others"})
    known = inspect.signature(kind).parameters
    fields = type(choice).model_fields
    for name in options.keys() - known:  # an older version of torch does not have all of them
        if options.pop(name) != fields[name].default:
            reason = f"this PyTorch, {torch.__version__}, has no {name} of {choice.word}"
            raise SpecError.of(Unsuited(None, reason, "update it, or leave that out"))
    if fused:
        options["fused"] = True
    made: TorchOptimizer = kind(groups, **options)
    return made
