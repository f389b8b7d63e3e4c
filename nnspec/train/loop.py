"""The loop: plain PyTorch, data on the device, nothing read back from it between looks at the loss.

The order of an epoch follows from the seed and its number alone, so that a run can go on in the middle of one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from nnspec.diagnostics import SpecError
from nnspec.elaborate.choices import Recipe
from nnspec.record import Record
from nnspec.train.augment import Augment
from nnspec.train.average import Average
from nnspec.train.display import Display
from nnspec.train.mistakes import NotFinite
from nnspec.train.optimize import learning_rate, optimizer
from nnspec.train.parts import thaw, train_mode
from nnspec.train.state import Position, optimizer_tensors, random_tensors, restore_optimizer, restore_random

LOOK = 100  # steps between checks that the loss is finite


class Function(Record):
    """A program over named values, as a module: the loss or the metrics."""

    module: nn.Module
    inputs: tuple[str, ...]

    def __call__(self, values: dict[str, Tensor]) -> Tensor | tuple[Tensor, ...]:
        result: Tensor | tuple[Tensor, ...] = self.module(*(values[name] for name in self.inputs))
        return result


class Task(Record):
    """What is trained, on what, for what."""

    model: nn.Module
    groups: list[dict[str, object]]  # its weights, as the optimizer takes them
    inputs: tuple[str, ...]
    outputs: tuple[tuple[str, bool], ...]  # name, whether it exists in training only
    loss: Function
    metrics: Function | None
    metric_names: tuple[str, ...]
    loss_in_evaluation: bool
    training: dict[str, Tensor]
    validation: dict[str, Tensor]
    augment: Augment | None
    recipe: Recipe
    device: torch.device
    draws: torch.Generator


class Stopped(Exception):
    """Somebody asked the run to stop; its state is that after a whole step."""


class Loop:
    """A run in progress."""

    def __init__(self, task: Task, folder: str, stop: Callable[[], bool]) -> None:
        self.task = task
        self.folder = folder  # for messages
        self.stop = stop
        self.position = Position()
        recipe = task.recipe
        self.samples = len(next(iter(task.training.values())))
        # a batch of one sample has no statistics to normalise by: it sits out this epoch
        whole, rest = divmod(self.samples, recipe.batch)
        self.steps = whole + (1 if rest > 1 or not whole else 0)
        self.optimizer = optimizer(recipe.optimizer, task.groups, task.device)
        self.parameters = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        self.average = Average(task.model, recipe.ema) if recipe.ema is not None else None
        self.half = recipe.precision == "bfloat16"
        total = recipe.epochs * self.steps
        self.rate = learning_rate(recipe.schedule, recipe.optimizer.lr, self.steps, total)
        self.losses = torch.zeros(self.steps, device=task.device)
        self.fields = tuple({*task.inputs, *task.loss.inputs} & set(task.training))

    # --- state

    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the state."""
        weights = {f"model.{name}": tensor for name, tensor in self.task.model.state_dict().items()}
        own = {"losses": self.losses, "random.draws": self.task.draws.get_state()}
        average = self.average.tensors() if self.average else {}
        return {**weights, **average, **optimizer_tensors(self.optimizer), **random_tensors(self.task.device), **own}

    def restore(self, position: Position, tensors: dict[str, Tensor]) -> None:
        """Go on from a state."""
        self.position = position
        weights = {key.removeprefix("model."): x for key, x in tensors.items() if key.startswith("model.")}
        self.task.model.load_state_dict(weights)
        if self.average:
            self.average.restore(tensors)
        restore_optimizer(self.optimizer, tensors)
        restore_random(tensors, self.task.device)
        self.task.draws.set_state(tensors["random.draws"].cpu())
        self.losses.copy_(tensors["losses"])

    # --- running

    def run_epoch(self, display: Display) -> dict[str, float | int | None]:
        """The rest of the current epoch; the row that describes it.

        Raises:
            Stopped: `stop` asked for it.
            SpecError: the loss is not finite.
        """
        started, first = time.perf_counter(), self.position.step
        order = self._order()
        self._train_mode()
        while self.position.step < self.steps:
            if self.stop():
                self._check_finite()
                self.position.seconds += time.perf_counter() - started
                raise Stopped
            self._step(order)
            if self.position.step % LOOK == 0:
                self._check_finite()
            if display.due():
                seen = (self.position.step - first) * self.task.recipe.batch
                self._show(display, seen / (time.perf_counter() - started))
        self._check_finite()
        trained = time.perf_counter() - started
        samples = self.samples - first * self.task.recipe.batch
        row = self._finish_epoch(samples / trained)
        self.position.seconds += time.perf_counter() - started
        row["seconds"] = round(self.position.seconds, 3)
        return row

    def again(self) -> Iterator[None]:
        """The rest of the current epoch, step by step, without looks at the loss."""
        order = self._order()
        self._train_mode()
        while self.position.step < self.steps:
            self._step(order)
            yield

    def _order(self) -> Tensor:
        """The samples of this epoch, shuffled."""
        seed = (self.task.recipe.seed * 1_000_003 + self.position.epoch) % 2**63
        generator = torch.Generator().manual_seed(seed)
        return torch.randperm(self.samples, generator=generator).to(self.task.device)

    def _step(self, order: Tensor) -> None:
        task, step, size = self.task, self.position.step, self.task.recipe.batch
        chosen = order[step * size : (step + 1) * size]
        values = {name: task.training[name].index_select(0, chosen) for name in self.fields}
        if task.augment is not None:
            task.augment(values)
        rate = self.rate(self.position.epoch * self.steps + step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        self.optimizer.zero_grad(set_to_none=True)
        self.losses[step] = self._backward(values, len(chosen))
        if task.recipe.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, task.recipe.clip)
        self.optimizer.step()
        if self.average:
            self.average.update()
        self.position.step += 1

    def _backward(self, values: dict[str, Tensor], count: int) -> Tensor:
        """The gradients of a batch, in one part or several; its loss."""
        size = -(-count // self.task.recipe.accumulate)
        if size >= count:
            loss = self._loss(values)
            torch.autograd.backward(loss)
            return loss.detach()
        total = torch.zeros((), device=self.task.device)
        for start in range(0, count, size):
            part = {name: tensor[start : start + size] for name, tensor in values.items()}
            loss = self._loss(part) * (min(size, count - start) / count)
            torch.autograd.backward(loss)
            total += loss.detach()
        return total

    def _loss(self, values: dict[str, Tensor]) -> Tensor:
        with self._precision():
            self._forward(values, training=True)
        loss = self.task.loss(values)
        assert isinstance(loss, Tensor)
        return loss

    def _precision(self) -> AbstractContextManager[object]:
        """The model in bfloat16 where the recipe says so; its results, and losses, are float32 again."""
        return torch.autocast(self.task.device.type, torch.bfloat16) if self.half else nullcontext()

    def _train_mode(self) -> None:
        """The model as it is trained in this epoch: with parts frozen, or no longer."""
        recipe = self.task.recipe
        thawed = recipe.thaw is not None and self.position.epoch >= recipe.thaw
        if thawed:
            thaw(self.task.model)
        train_mode(self.task.model, () if thawed else recipe.freeze)

    def _forward(self, values: dict[str, Tensor], *, training: bool) -> None:
        """Add the model's outputs to the values."""
        task = self.task
        result = task.model(*(values[name] for name in task.inputs))
        names = [name for name, only in task.outputs if training or not only]
        results = result if isinstance(result, tuple) else (result,)
        if self.half:
            results = tuple(value.float() if value.is_floating_point() else value for value in results)
        values.update(zip(names, results, strict=True))

    def _show(self, display: Display, throughput: float) -> None:
        done = self.position.epoch * self.steps + self.position.step
        loss = self.losses[self.position.step - 1].item()
        display.step(done, self.task.recipe.epochs * self.steps, loss, throughput)

    def _check_finite(self) -> None:
        """Stop at the first step of this epoch whose loss was not finite."""
        losses = self.losses[: self.position.step]
        bad = (~torch.isfinite(losses)).nonzero()
        if len(bad):
            index = int(bad[0])
            step = self.position.epoch * self.steps + index + 1
            shown = "infinite" if math.isinf(losses[index].item()) else "not a number"
            raise SpecError.of(NotFinite(None, shown, step, self.position.epoch + 1, self.folder))

    def _finish_epoch(self, throughput: float) -> dict[str, float | int | None]:
        position = self.position
        row: dict[str, float | int | None] = {
            "epoch": position.epoch + 1,
            "steps": (position.epoch + 1) * self.steps,
            "learning_rate": self.rate((position.epoch + 1) * self.steps - 1),
            "loss": self.losses.mean().item(),
            **self._judged(),
            "samples_per_second": round(throughput, 1),
        }
        position.epoch += 1
        position.step = 0
        return row

    def stored(self) -> AbstractContextManager[None]:
        """The model with the weights that are validated and stored: averaged ones, where the recipe asks for them."""
        return self.average.in_place() if self.average else nullcontext()

    def _judged(self) -> dict[str, float | None]:
        with self.stored():
            return self.validate()

    def validate(self) -> dict[str, float | None]:
        """The loss and the metrics on the validation part, averaged over its samples."""
        task = self.task
        samples = len(next(iter(task.validation.values())))
        names = ("validation_loss", *task.metric_names)
        totals = torch.zeros(len(names), device=task.device)
        with torch.no_grad():
            for part in self.parts():
                count = len(part[task.inputs[0]])
                self.forward(part)
                totals += count * torch.stack(self._numbers(part))
        values: dict[str, float | None] = dict(zip(names, (totals / samples).tolist(), strict=True))
        if not task.loss_in_evaluation:
            values["validation_loss"] = None
        return values

    def parts(self) -> Iterator[dict[str, Tensor]]:
        """The validation part in batches."""
        samples = len(next(iter(self.task.validation.values())))
        for start in range(0, samples, self.task.recipe.batch):
            yield {name: x[start : start + self.task.recipe.batch] for name, x in self.task.validation.items()}

    def forward(self, values: dict[str, Tensor]) -> None:
        """Add what the model gives in evaluation to the values."""
        self.task.model.eval()
        with self._precision():
            self._forward(values, training=False)

    def _numbers(self, values: dict[str, Tensor]) -> list[Tensor]:
        task = self.task
        loss = task.loss(values) if task.loss_in_evaluation else torch.zeros((), device=task.device)
        metrics = task.metrics(values) if task.metrics else ()
        assert isinstance(loss, Tensor)
        return [loss, *(metrics if isinstance(metrics, tuple) else (metrics,))]
