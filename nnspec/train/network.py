"""The networks of a run at work: the outputs, losses and metrics of a batch, in the precision of the recipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nnspec.recipe.recipe import Recipe
from nnspec.train.batch import Batch, Values
from nnspec.train.compiled import compiled
from nnspec.train.delivery import Delivery
from nnspec.train.mixing import mixed_loss
from nnspec.train.parts import thaw, train_mode
from nnspec.train.settings import TRAINING
from nnspec.train.strategy import Share
from nnspec.train.task import Computation, PhaseTask, Task, Whole
from nnspec.train.turns import Turns
from nnspec.train.whole import Accumulation, Judge, Part, results

F = TypeVar("F", bound=Callable[..., object])
HALF = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Precision(Protocol):
    """Makes a function of another, which computes in some precision."""

    def __call__(self, function: F, /) -> F: ...


class Network:
    """The networks of a task at work; values are tensors by name, to which what is computed is added."""

    def __init__(self, task: Task) -> None:
        self.task = task
        # the model is in 16 bits where the recipe says so; its results, and losses, are float32 again
        self.half = HALF.get(task.recipe.precision)
        precise = in_precision(task.recipe, task.device)
        self.given = precise(self._given)
        # a network may be part of its loss
        self.loss_of, self.results = (mixed_loss, results) if task.inputs else (precise(mixed_loss), precise(results))
        self.names = {
            in_training: tuple(name for name, only in task.outputs if in_training or not only)
            for in_training in (True, False)
        }  # of the outputs
        self.called = self.judged = self._compiled(task.forward.module)  # in training, in evaluation
        self.losses = {phase.name: self._function(phase.loss) for phase in task.phases}
        self.wholes = {phase.name: self._whole(phase.whole) for phase in task.phases}
        layers = [layer for module in task.modules for layer in module.modules()]
        self.has_statistics = any(isinstance(layer, _BatchNorm) for layer in layers)
        self.trained: list[bool] = []  # which weights are

    def train(self, thawed: bool) -> None:
        """The networks as they are trained: with parts frozen, or no longer."""
        task = self.task
        if thawed:
            thaw(task.model)
        for module in task.modules:
            train_mode(module, () if thawed else task.recipe.freeze)
        trained = [weight.requires_grad for weight in task.model.parameters()]
        if trained != self.trained:
            self.called, self.trained = self._compiled(task.strategy.network(task.forward.module)), trained

    def loss(self, phase: PhaseTask, batch: Batch) -> Tensor:
        """The loss of a batch in training."""
        self.forward(batch.values)
        return self.loss_of(self.losses[phase.name], batch)

    def accumulate(self, turns: Turns, batch: Batch, parts: Sequence[Part]) -> Tensor:
        """Add the gradients of a batch that is taken apart; its loss."""
        whole = self.wholes[turns.phase.name]
        assert whole is not None
        return Accumulation(self.task, turns, whole, batch, parts, self.forward, self.results).backward()

    def evaluate(self, values: Values) -> None:
        """Add what the model gives in evaluation to the values."""
        for module in self.task.modules:
            module.eval()
        if self.task.inputs:
            self.given(self.judged, values, training=False)

    def validate(self) -> dict[str, float | None]:
        """The loss and the metrics of the validation part, as columns of the metrics of a run."""
        found = self.judge(self.task.validation)
        return {"validation_loss": found.pop("loss"), **found}

    def judge_training(self) -> dict[str, float | None]:
        """The metrics of the training part as it is, without augmentation, as columns of the metrics of a run."""
        found = self.judge(self.task.training)
        return {f"{TRAINING}{name}": value for name, value in found.items() if name != "loss"}

    def judge(self, part: Delivery, watch: Callable[[Values], None] | None = None) -> dict[str, float | None]:
        """The loss and the metrics of a part: of all its samples, whatever the batches and processes.

        Args:
            part: the samples.
            watch: sees the values of each batch, with what the model gives.
        """
        task, start = self.task, 0
        samples = len(part)
        wholes = [each for each in (task.judged, task.metrics) if each]
        judges = [Judge(each, samples, task.strategy, self.results) for each in wholes]
        together = any(each.parts.batchwise for each in wholes)  # samples of a batch are compared with all others of it
        with torch.set_grad_enabled(task.derives):
            share_of = self._whole_share if together else task.strategy.share
            for own, count in part.in_order(share_of):
                self.evaluate(own)
                if watch is not None:
                    watch(own)
                for judge in judges:
                    judge.add(own, start, share_of(count))
                start += count
            found = [number.item() for judge in judges for number in judge.result()]
        loss = found.pop(0) if task.judged else None
        return {"loss": loss, **dict(zip(task.metric_names, found, strict=True))}

    def _whole_share(self, count: int) -> Share:
        """All samples of a batch, which count in the first process."""
        return Share(0, count, count if self.task.strategy.leads else 0)

    def _compiled(self, module: nn.Module) -> nn.Module:
        return compiled(module) if self.task.recipe.compile else module

    def _function(self, function: Computation) -> Computation:
        return Computation(self._compiled(function.module), function.inputs)

    def _whole(self, whole: Whole | None) -> Whole | None:
        if whole is None or whole.first is None:
            return whole
        return Whole(whole.parts, self._function(whole.first), whole.rest, whole.given)

    def forward(self, values: Values) -> None:
        """Add what the model gives in training to the values."""
        if self.task.inputs:
            self.given(self.called, values, training=True)

    def _given(self, model: nn.Module, values: Values, *, training: bool) -> None:
        """Add the model's outputs to the values."""
        task = self.task
        for name in task.tracked:
            values[name] = values[name].detach().requires_grad_()  # other names may share it
        result = model(*[values[name] for name in task.forward.inputs])
        results = result if isinstance(result, tuple) else (result,)
        if self.half:
            results = tuple(value.float() if value.is_floating_point() else value for value in results)
        values.update(zip(self.names[training], results, strict=True))


def in_precision(recipe: Recipe, device: torch.device) -> Precision:
    """Makes functions of others, in which matrix products and convolutions have the precision of a recipe."""
    half = HALF.get(recipe.precision)
    return torch.autocast(device.type, half) if half else _as_it_is


def _as_it_is(function: F) -> F:
    return function
