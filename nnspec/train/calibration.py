"""Samples of a spec's data, as the model takes them, for those who must know the ranges of its values."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from nnspec.diagnostics import Source, Span
from nnspec.elaborate.declarations import Declarations
from nnspec.ir import Program
from nnspec.limits import Limits
from nnspec.recipe.check import folder_of
from nnspec.recipe.plan import read_plan
from nnspec.train.prepare import prepare
from nnspec.train.strategy import Strategy
from nnspec.weights.arrays import Array

MOST = 128


def training_samples(
    program: Program, declarations: Declarations, sources: Mapping[str, Source], limits: Limits, *, raw: bool
) -> dict[str, Array]:
    """The first samples of the training part, by the names of the inputs; `raw` ones are not normalised.

    Raises:
        SpecError: the recipe has mistakes, or the data cannot be read or do not fit.
    """
    plan = read_plan(declarations, program.main.name, {"normalize": False} if raw else {}, limits)
    places = {name: Span(source, 0, 0) for name, source in sources.items()}
    prepared = prepare(program, plan, folder_of(declarations), places, torch.device("cpu"), Strategy(), limits)
    first = prepared.task.training.head(MOST)
    return {name: first[name].numpy() for name in prepared.task.inputs}
