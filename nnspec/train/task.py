"""The task of a run: everything that the loop needs to know, checked before its first step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nnspec.ir.parts import InParts
from nnspec.recipe.optimizers import Optimizer
from nnspec.recipe.recipe import Recipe
from nnspec.recipe.schedules import Schedule
from nnspec.record import Record
from nnspec.train.augment import Augment
from nnspec.train.delivery import Delivery
from nnspec.train.strategy import Strategy


class Computation(Record):
    """A program over named values, as a module: losses, metrics, samples."""

    module: nn.Module
    inputs: tuple[str, ...]

    def __call__(self, values: dict[str, Tensor]) -> Tensor | tuple[Tensor, ...]:
        result: Tensor | tuple[Tensor, ...] = self.module(*[values[name] for name in self.inputs])
        return result


class Whole(Record):
    """A function of all samples of a batch, or of all that are held out, which is computed for parts of them."""

    parts: InParts
    first: Computation | None  # of a part
    rest: Computation
    given: Computation | None  # of what `first` gives, that which follows from the data alone


class PhaseTask(Record):
    """A loss, and how the weights that it changes follow it."""

    name: str  # "" for the only one
    loss: Computation
    whole: Whole | None  # the same loss, where batches are taken apart
    groups: list[dict[str, object]]  # its weights, as the optimizer takes them
    optimizer: Optimizer
    schedule: Schedule
    clip: float | None
    steps: int  # of a round: its last so many batches are for this phase

    @property
    def column(self) -> str:
        """The name of its loss in the metrics of a run."""
        return f"{self.name}_loss" if self.name else "loss"


class Task(Record):
    """The networks to train, their data, and their losses."""

    model: nn.Module  # it owns all weights
    forward: Computation  # gives the outputs: the model, or what is left of it behind cached features
    modules: tuple[nn.Module, ...]  # that compute with the weights in training
    phases: tuple[PhaseTask, ...]
    inputs: tuple[str, ...]  # of the model; () where the losses compute everything
    outputs: tuple[tuple[str, bool], ...]  # name, whether it exists in training only
    derives: bool  # a loss has derivatives in it
    tracked: tuple[str, ...]  # inputs of the model with respect to which it takes them
    metrics: Whole | None
    metric_names: tuple[str, ...]
    sample: Computation | None
    judged: Whole | None  # the loss in evaluation; None where it cannot be computed there
    measure: str | None  # the column that chooses the best weights; None where several losses say nothing of that
    rises: bool  # whether more of it is better
    training: Delivery
    validation: Delivery
    test: Delivery | None
    fields: tuple[str, ...]  # the names of their values
    augment: Augment | None
    recipe: Recipe
    device: torch.device
    draws: torch.Generator
    strategy: Strategy
