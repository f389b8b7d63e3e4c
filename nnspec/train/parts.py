"""Parts of a model that a recipe treats apart: frozen, started anew, or with a learning rate of their own."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import Parameter

from nnspec.diagnostics import Span, SpecError, nearest
from nnspec.elaborate.choices import Recipe
from nnspec.ir import Program
from nnspec.train.mistakes import NoSuchPart
from nnspec.weights.checkpoint import read_checkpoint
from nnspec.weights.module import fill


def names_below(model: nn.Module, part: str, span: Span | None) -> list[str]:
    """The names of the weights of a part.

    Raises:
        SpecError: the model has no such part.
    """
    weights = [name for name, _ in model.named_parameters()]
    below = [name for name in weights if name == part or name.startswith(part + ".")]
    if not below:
        labels = tuple(dict.fromkeys(name.partition(".")[0] for name in weights))
        inner = {name.rpartition(".")[0] for name in weights}
        reason = "is no part of the model with weights"
        raise SpecError.of(NoSuchPart(span, part, reason, labels, nearest(part, [*labels, *inner])))
    return below


def start_from(model: nn.Module, program: Program, path: Path, drop: tuple[str, ...], span: Span | None) -> None:
    """Take the weights of a file, except for the parts in `drop`, which keep their new ones.

    Raises:
        SpecError: the file cannot be read or is not the model's, or there is no such part.
    """
    if not drop:
        fill(model, program, path)
        return
    for part in drop:
        names_below(model, part, span)
    stored = read_checkpoint(path).tensors
    arrays = {key: tensor.read() for key, tensor in stored.items() if not within(key, drop)}
    arrays |= {key: tensor.cpu().numpy() for key, tensor in model.state_dict().items() if within(key, drop)}
    fill(model, program, arrays)


def freeze(model: nn.Module, parts: tuple[str, ...], span: Span | None) -> None:
    """Leave the weights below these labels as they are.

    Raises:
        SpecError: there is no such label, or nothing is left to train.
    """
    frozen = {name for part in parts for name in names_below(model, part, span)}
    weights = dict(model.named_parameters())
    if len(frozen) == len(weights):
        labels = tuple(dict.fromkeys(name.partition(".")[0] for name in weights))
        named = ", ".join(parts) or "the model"
        raise SpecError.of(NoSuchPart(span, named, "leaves nothing to train", labels))
    for name in frozen:
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
        factors.update(dict.fromkeys(names_below(model, part, span), factor))
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


def within(key: str, parts: tuple[str, ...]) -> bool:
    """Whether a key is that of a part, or of something below one."""
    return any(key == part or key.startswith(part + ".") for part in parts)
