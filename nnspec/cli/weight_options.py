"""Shared by the commands that run a model: --weights and --partial, and what is said of how keys were read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnspec.cli.options import SpecArguments
from nnspec.extras import need
from nnspec.hub.fetching import at_hand
from nnspec.kinds import kind_of
from nnspec.weights.source import WeightChoice, WeightSource, file_of, given

if TYPE_CHECKING:
    from nnspec.model import Model

PARTIAL = "Pass over keys of the file that the model does not have, such as those of another head."


TOKENIZER = "A tokenizer.json, or the folder in which it lies, where none is stored with the weights."


def weight_choice(help: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command --weights, with this help, and --partial; it receives both as `weights`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.option("--weights", metavar="FILE", help=help)
        @click.option("--partial", is_flag=True, help=PARTIAL)
        @wraps(function)
        def command(weights: str | None, partial: bool, **rest: Any) -> Any:
            if partial and weights is None:
                raise click.UsageError("--partial belongs to --weights FILE")
            return function(weights=WeightChoice(weights, partial=True) if weights and partial else weights, **rest)

        return command

    return decorate


def weights_of(model: Model, weights: WeightSource | None) -> WeightSource | None:
    """The weights that are asked for, or those of the folder that the model came from; how they are read is said."""
    found = at_hand(model.weights if weights is None else weights)
    tell_reading(model, found)
    return found


def opened(spec: SpecArguments, weights: WeightSource | None) -> tuple[Model, WeightSource | None]:
    """The model of a spec, a run or a folder, and the weights asked for, or its own: of a run the best ones."""
    if kind_of(spec.path) != "run":
        model = spec.load()
        return model, weights_of(model, weights)
    from nnspec.opening import model_of_run  # here, as below: a spec does not need them
    from nnspec.train.settings import best_weights

    folder = Path(spec.path)
    return model_of_run(folder, spec.limits), weights or best_weights(folder)


def with_tokenizer(weights: WeightSource | None, tokenizer: str | None) -> WeightSource | None:
    """Weights with the tokenizer that is named beside them."""
    if weights is None or tokenizer is None:
        return weights
    partial = isinstance(weights, WeightChoice) and weights.partial
    return WeightChoice(given(weights), partial, tokenizer)


def tell_reading(model: Model, weights: WeightSource | None) -> None:
    """Say how the keys of a file are read, where they are not those of the model."""
    if weights is None:
        return
    need("reading weights", "numpy")
    from nnspec.weights.checkpoint import open_checkpoint  # here: numpy is no part of the core
    from nnspec.weights.compare import compare

    note = compare(model.program, open_checkpoint(weights)).note
    if note is not None:
        click.echo(f"note: {file_of(weights)}: {note}", err=True)
