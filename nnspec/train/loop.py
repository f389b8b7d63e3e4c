"""The loop: plain PyTorch, data on the device, nothing read back from it between looks at the loss.

The order of an epoch follows from the seed and its number alone, so that a run can go on in the middle of one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import SpecError
from nnspec.recipe.augmentation import Mixing
from nnspec.train.average import Average
from nnspec.train.batch import Batch
from nnspec.train.data.samples import Indices
from nnspec.train.display import Display
from nnspec.train.mistakes import NotFinite
from nnspec.train.network import Network
from nnspec.train.state import Position, random_tensors, restore_random
from nnspec.train.task import PhaseTask, Task
from nnspec.train.turns import Turns
from nnspec.train.whole import Part

TRAINING_METRICS = "training_metrics"  # what `watch` calls them
LOOK = 100  # steps between checks that the loss is finite
Row = dict[str, float | int | None]


class Stopped(Exception):
    """Somebody asked the run to stop; its state is that after a whole step."""


class Loop:
    """A run in progress."""

    def __init__(self, task: Task, folder: str, stop: Callable[[], bool]) -> None:
        self.task = task
        self.folder = folder  # for messages
        self.stop = stop
        self.position = Position(strategy=task.strategy.name, processes=task.strategy.processes)
        recipe = task.recipe
        self.samples = len(task.training)
        sizes = task.training.order.sizes
        self.steps = len(sizes)
        self.turns = [Turns(phase, task, sizes, partial(self._measured, phase)) for phase in task.phases]
        self.average = Average(task.model, recipe.ema) if recipe.ema is not None else None
        self.network = Network(task)
        self.apart = recipe.accumulate > 1 or task.strategy.processes > 1  # whether batches may be taken apart
        read = {name for phase in task.phases for name in phase.loss.inputs}
        self.seen: Callable[[], None] | None = None  # is called after each step
        self.fields = tuple({*task.forward.inputs, *read} & set(task.fields))

    # --- state

    def tensors(self) -> dict[str, Tensor]:
        """All tensors of the state, as far as this process keeps them."""
        strategy = self.task.strategy
        return {name: strategy.own(tensor) for name, tensor in self._kept().items()}

    def shards(self) -> list[str]:
        """The tensors of the state of which this process has a part alone."""
        return [name for name, tensor in self._kept().items() if self.task.strategy.has_part(tensor)]

    def _kept(self) -> dict[str, Tensor]:
        weights = {f"model.{name}": tensor for name, tensor in self.task.model.state_dict().items()}
        average = self.average.tensors() if self.average else {}
        own = {"random.draws": self.task.draws.get_state(), **random_tensors(self.task.device)}
        phases = {name: tensor for turns in self.turns for name, tensor in turns.tensors().items()}
        found = {**weights, **average, **phases, **own}
        return {name: tensor for name, tensor in found.items() if self.task.strategy.kept(name)}

    def restore(self, position: Position, tensors: dict[str, Tensor]) -> None:
        """Go on from a state."""
        self.position = position
        model, placed = self.task.model, self.task.strategy.placed
        model.load_state_dict({name: placed(tensors[f"model.{name}"], own) for name, own in model.state_dict().items()})
        if self.average:
            self.average.restore({name: placed(tensors[name], own) for name, own in self.average.tensors().items()})
        for turns in self.turns:
            turns.restore(tensors)
        restore_random(tensors, self.task.device)
        self.task.draws.set_state(tensors["random.draws"].cpu())

    # --- running

    def run_epoch(self, display: Display) -> Row:
        """The rest of the current epoch; the row that describes it.

        Raises:
            Stopped: `stop` asked for it.
            SpecError: the loss is not finite.
        """
        started, first = time.perf_counter(), self.position.step
        batches = self._batches()
        self._train_mode()
        while self.position.step < self.steps:
            if self.stop():
                self._check_finite()
                self.position.seconds += time.perf_counter() - started
                raise Stopped
            self._step(next(batches))
            if self.seen is not None:
                self.seen()
            if self.position.step % LOOK == 0:
                self._check_finite()
            if display.due():
                seen = (self.position.step - first) * self.task.recipe.batch
                self._show(display, seen / (time.perf_counter() - started))
        self._check_finite()
        trained = time.perf_counter() - started
        samples = sum(self.task.training.order.sizes[first:])
        row = self._finish_epoch(samples / trained)
        self.position.seconds += time.perf_counter() - started
        row["seconds"] = round(self.position.seconds, 3)
        return row

    def again(self) -> Iterator[None]:
        """The rest of the current epoch, step by step, without looks at the loss."""
        batches = self._batches()
        self._train_mode()
        while self.position.step < self.steps:
            self._step(next(batches))
            yield

    def _batches(self) -> Iterator[Batch]:
        """The batches of this epoch that are left."""
        own = self._own if self.task.strategy.processes > 1 and not self._mixed else None
        return self.task.training.shuffled(self.position.epoch, self.position.step, self.fields, own)

    @property
    def _mixed(self) -> bool:
        """Whether samples are mixed with others of their batch, which this process must have then."""
        return any(isinstance(change, Mixing) for change in self.task.recipe.augment)

    def _own(self, count: int) -> Indices:
        """The samples of a batch that this process computes with."""
        shares = ((start, self.task.strategy.share(stop - start)) for start, stop in self._parts(count))
        return np.concatenate([np.arange(start + share.start, start + share.stop) for start, share in shares])

    def _step(self, batch: Batch) -> None:
        task, step = self.task, self.position.step
        if task.augment is not None:
            task.augment(batch)
        index = self.position.epoch * self.steps + step
        for turns in self.turns:
            if turns.acts(index):
                backward = partial(self._backward, turns, batch, task.training.order.sizes[step])
                turns.losses[step] = turns.take(index, backward)
        if self.average:
            self.average.update()
        self.position.step += 1

    def _measured(self, phase: PhaseTask) -> list[float | None]:
        """The values of the epochs so far that tell a schedule whether they get better."""
        column = getattr(phase.schedule, "of", None) or self.task.measure
        return [row.get(column) if column else None for row in self.position.history]

    def _backward(self, turns: Turns, batch: Batch, count: int) -> Tensor:
        """The gradients of a batch, in one part or several; its loss."""
        parts = self._parts(count) if self.apart else ()
        if len(parts) > 1 or self.task.strategy.processes > 1:
            return self.network.accumulate(turns, batch, parts)
        loss = self.network.loss(turns.phase, batch)
        turns.backward(loss)
        return loss.detach()

    def _parts(self, count: int) -> list[Part]:
        """Into which a batch is taken apart, as evenly as it goes; for statistics of a part it takes two samples."""
        least = 2 if self.network.has_statistics else 1
        parts = max(1, min(self.task.recipe.accumulate, count // least))
        return [(count * index // parts, count * (index + 1) // parts) for index in range(parts)]

    def _train_mode(self) -> None:
        """The model as it is trained in this epoch: with parts frozen, or no longer."""
        recipe = self.task.recipe
        thawed = recipe.thaw is not None and self.position.epoch >= recipe.thaw
        self.network.train(thawed)

    def _show(self, display: Display, throughput: float) -> None:
        done = self.position.epoch * self.steps + self.position.step
        display.step(done, self.task.recipe.epochs * self.steps, self._last(), throughput)

    def _last(self) -> dict[str, float]:
        """The loss of each phase at the last batch that was its own."""
        first = self.position.epoch * self.steps
        found = {}
        for turns in self.turns:
            own = turns.own(first, self.position.step)
            if own:
                found[turns.phase.column] = turns.losses[own[-1]].item()
        return found

    def _check_finite(self) -> None:
        """Stop at the first step of this epoch whose loss was not finite."""
        for turns in self.turns:
            losses = turns.losses[: self.position.step]
            bad = (~torch.isfinite(losses)).nonzero()
            if len(bad):
                index = int(bad[0])
                step = self.position.epoch * self.steps + index + 1
                shown = "infinite" if math.isinf(losses[index].item()) else "not a number"
                raise SpecError.of(NotFinite(None, shown, step, self.position.epoch + 1, self.folder))

    def _finish_epoch(self, throughput: float) -> Row:
        position, first = self.position, self.position.epoch * self.steps
        row: Row = {
            "epoch": position.epoch + 1,
            "steps": first + self.steps,
            "learning_rate": self.turns[0].pace(first + self.steps - 1).rate,
            **{turns.phase.column: turns.mean(first, self.steps) for turns in self.turns},
            **{name: value for turns in self.turns for name, value in turns.watched(first, self.steps).items()},
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
            trained = self.network.judge_training() if TRAINING_METRICS in self.task.recipe.watch else {}
            return {**self.network.validate(), **trained}
