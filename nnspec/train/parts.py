"""Parts of a model that a recipe treats apart: frozen, started anew, or with a learning rate of their own."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import Parameter

from nnspec.diagnostics import Span
from nnspec.ir import Program
from nnspec.recipe.parts import frozen_by, names_below, within
from nnspec.recipe.recipe import Recipe
from nnspec.weights.checkpoint import open_checkpoint
from nnspec.weights.compare import bare, compare
from nnspec.weights.module import fill
from nnspec.weights.source import WeightChoice, WeightSource


def weight_names(model: nn.Module) -> list[str]:
    """The names of its parameters, in order."""
    return [name for name, _ in model.named_parameters()]


def start_from(
    model: nn.Module, program: Program, source: WeightSource, drop: tuple[str, ...], span: Span | None
) -> str | None:
    """Take weights, except for the parts in `drop`, which keep their new ones.

    Returns:
        What the user should know of how keys were read.

    Raises:
        SpecError: the file cannot be read or is not the model's, or there is no such part.
    """
    if not drop:
        fill(model, program, source)
        return compare(program, open_checkpoint(source)).note
    for part in drop:
        names_below(weight_names(model), part, span)
    stored = bare(program, open_checkpoint(source))
    arrays = {key: tensor.read() for key, tensor in stored.tensors.items() if not within(key, drop)}
    arrays |= {key: tensor.cpu().numpy() for key, tensor in model.state_dict().items() if within(key, drop)}
    fill(model, program, WeightChoice(arrays, stored.partial))
    return compare(program, open_checkpoint(source)).note


def freeze(model: nn.Module, parts: tuple[str, ...], span: Span | None) -> None:
    """Leave the weights below these labels as they are.

    Raises:
        SpecError: there is no such label, or nothing is left to train.
    """
    weights = dict(model.named_parameters())
    for name in frozen_by(list(weights), parts, span):
        weights[name].requires_grad_(False)


def train_mode(model: nn.Module, frozen: tuple[str, ...]) -> None:
    """Training mode, but for the frozen parts: their statistics and dropout are those of evaluation."""
    model.train()
    for name, module in model.named_modules() if frozen else ():
        if name in frozen:
            module.eval()


def groups(model: nn.Module, recipe: Recipe, span: Span | None, own: set[str] | None = None) -> list[dict[str, object]]:
    """The weights in groups of one factor on the learning rate and one weight decay, each `{params, factor, ...}`.

    Args:
        model: it has the weights.
        recipe: what it says of rates and decay.
        span: where it says so.
        own: the names of those that count; all for None.

    Raises:
        SpecError: `rates` names a part that the model does not have.
    """
    factors = {name: 1.0 for name, _ in model.named_parameters()}
    for part, factor in recipe.rates:
        factors.update(dict.fromkeys(names_below(weight_names(model), part, span), factor))
    found: dict[tuple[float, bool], list[Parameter]] = {}
    for name, weight in model.named_parameters():
        if (weight.requires_grad or recipe.thaw is not None) and (own is None or name in own):
            bare = recipe.decay == "matrices" and weight.ndim < 2
            found.setdefault((factors[name], bare), []).append(weight)
    return [
        {"params": weights, "factor": factor, **({"weight_decay": 0.0} if bare else {})}
        for (factor, bare), weights in found.items()
    ]


def thaw(model: nn.Module) -> None:
    """Train the frozen parts too, from here on."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.requires_grad_(True)
