"""A phase at work: its optimizer, its learning rate, when its turn is, and its losses.

A round has as many batches as the phase with the most steps; a phase with fewer takes the last ones of each round, so
that `steps = 5` for a critic and one for an artist means: the artist learns from every fifth batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nnspec.recipe.optimizers import LBFGS, SparseAdam
from nnspec.train.gradients import NOISE, NORM, Gradients
from nnspec.train.optimizer import optimizers
from nnspec.train.pace import Course
from nnspec.train.schedule import pace
from nnspec.train.state import optimizer_tensors, random_tensors, restore_optimizer, restore_random
from nnspec.train.task import PhaseTask, Task

PREFIXES = ("optimizer", "others")  # of the tensors of an optimizer, and of a second one


class Turns:
    """The turns of a phase."""

    def __init__(
        self,
        phase: PhaseTask,
        task: Task,
        sizes: Sequence[int],
        measured: Callable[[], Sequence[float | None]] = tuple,
    ) -> None:
        """The turns of a phase.

        Args:
            phase: it has the loss.
            task: of the run.
            sizes: the numbers of samples of the batches of an epoch.
            measured: gives the values of all epochs so far that a plateau is told by.
        """
        steps = len(sizes)
        self.phase = phase
        self.device = task.device
        self.wanted = task.recipe.watch
        # asked once: a choice is a model of pydantic's, whose class takes a microsecond to tell
        self.searches = isinstance(phase.optimizer, LBFGS)
        self.sparse = isinstance(phase.optimizer, SparseAdam)
        self.strategy = task.strategy
        self.optimizers = optimizers(phase.optimizer, phase.groups, task.device, task.strategy)
        self.parameters: list[nn.Parameter] = [weight for group in self.groups for weight in group["params"]]
        rises = task.rises and getattr(phase.schedule, "of", None) in (None, task.measure)
        course = Course(phase.optimizer.lr, steps, task.recipe.epochs, measured, rises)
        self.pace = pace(phase.schedule, course)
        self.rate: float | None = None  # that the optimizers have
        self.losses = torch.zeros(steps, device=task.device)
        self.sizes = torch.tensor(sizes, dtype=torch.float32, device=task.device)
        # gradients in float16 are multiplied until they are in its range; a step whose gradients overflow is left out
        self.scaled = task.recipe.precision == "float16"
        self.scaler = torch.amp.GradScaler(task.device.type, enabled=self.scaled)
        noise, watched = NOISE in self.wanted, not {NORM, NOISE}.isdisjoint(self.wanted)
        self.gradients = Gradients(self.parameters, self.sizes, task.strategy, noise) if watched else None
        self.watch: Callable[[Tensor], None] | None = None  # sees each loss before its gradients are computed
        self.round = max(each.steps for each in task.phases)
        own = set(map(id, self.parameters))
        others = [weight for each in task.phases for group in each.groups for weight in _weights(group)]
        self.others = [weight for weight in others if id(weight) not in own]

    def acts(self, index: int) -> bool:
        """Whether the batch of this number, counted from the first of the run, is one of its own."""
        return index % self.round >= self.round - self.phase.steps

    def begin(self, index: int) -> None:
        """Before the gradients of a batch: the learning rate, and whose gradients are wanted."""
        rate, momentum = self.pace(index)
        if rate != self.rate:
            self.rate = rate
            for group in self.groups:
                group["lr"] = rate * group["factor"]
        if momentum is not None:
            self._move_momentum(momentum)
        for weight in self.parameters:  # what zero_grad does, without its entry in a profile: 10 us a step
            weight.grad = None
        if self.others:
            for weight in self.others:
                weight.requires_grad_(False)
            for weight in self.parameters:
                weight.requires_grad_(True)

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss."""
        if self.watch is not None:
            self.watch(loss)
        torch.autograd.backward(self.scaler.scale(loss) if self.scaled else loss)

    def take(self, index: int, backward: Callable[[], Tensor]) -> Tensor:
        """One turn, at the batch of this number; the loss, which `backward` gives when it has added its gradients."""
        if self.searches:
            return self._search(index, backward)
        self.begin(index)
        loss = backward()
        self.finish(index)
        return loss

    def finish(self, index: int) -> None:
        """After the gradients of a batch: the step."""
        self.strategy.average(self.parameters)
        if self.phase.clip is not None or self.sparse or self.gradients:
            for optimizer in self.optimizers:
                self.scaler.unscale_(optimizer)
        if self.gradients:
            self.gradients.see(index % len(self.sizes))
        if self.phase.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.phase.clip)
        if self.sparse:  # layers give dense gradients
            for weight in self.parameters:
                weight.grad = None if weight.grad is None else weight.grad.to_sparse(1)
        for optimizer in self.optimizers:
            if self.scaled:
                self.scaler.step(optimizer)
            else:
                optimizer.step()
        if self.scaled:
            self.scaler.update()

    def _search(self, index: int, backward: Callable[[], Tensor]) -> Tensor:
        """The turn of an optimizer that asks for the loss several times: each time with the same random numbers."""
        before = random_tensors(self.device)
        losses: list[Tensor] = []

        def closure() -> float:
            restore_random(before, self.device)
            self.begin(index)
            losses.append(backward())
            self.strategy.average(self.parameters)
            if self.gradients and len(losses) == 1:
                self.gradients.see(index % len(self.sizes))
            return losses[-1].item()

        for optimizer in self.optimizers:
            optimizer.step(closure)
        return losses[0]

    def _move_momentum(self, momentum: float) -> None:
        for group in self.groups:
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            elif "momentum" in group:
                group["momentum"] = momentum

    def own(self, first: int, steps: int) -> list[int]:
        """The batches of an epoch's first `steps` that are its own; `first` is the number of the first one."""
        return [step for step in range(steps) if self.acts(first + step)]

    def mean(self, first: int, steps: int) -> float | None:
        """The mean loss of those batches over their samples; None where none is its own."""
        own = self.own(first, steps)
        return (self.losses[own] @ self.sizes[own] / self.sizes[own].sum()).item() if own else None

    def watched(self, first: int, steps: int) -> dict[str, float | None]:
        """What the recipe watches of the gradients of those batches, as columns of the metrics."""
        if self.gradients is None:
            return {}
        prefix = f"{self.phase.name}_" if self.phase.name else ""
        return {f"{prefix}{name}": value for name, value in self.gradients.row(self.own(first, steps)).items()
                if name in self.wanted}  # fmt: skip

    # --- state

    def tensors(self) -> dict[str, Tensor]:
        """For the state of a run."""
        scaler = {f"scaler.{name}": torch.tensor(value) for name, value in self.scaler.state_dict().items()}
        found = {"losses": self.losses, **scaler}
        for prefix, optimizer in zip(PREFIXES, self.optimizers, strict=False):
            found |= optimizer_tensors(optimizer, prefix)
        found |= self.gradients.tensors() if self.gradients else {}
        return {f"{self._prefix}{name}": tensor for name, tensor in found.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The opposite of `tensors`."""
        own = {
            name.removeprefix(self._prefix): tensor for name, tensor in tensors.items() if name.startswith(self._prefix)
        }
        for prefix, optimizer in zip(PREFIXES, self.optimizers, strict=False):
            restore_optimizer(optimizer, own, self.strategy, prefix)
        self.rate = None
        self.scaler.load_state_dict({name: own[f"scaler.{name}"].item() for name in self.scaler.state_dict()})
        self.losses.copy_(own["losses"])
        if self.gradients:
            self.gradients.restore(own)

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The groups of weights, asked for anew: an optimizer that is restored has others."""
        return [group for each in self.optimizers for group in each.param_groups]

    @property
    def _prefix(self) -> str:
        return f"phase.{self.phase.name}." if self.phase.name else ""


def _weights(group: dict[str, object]) -> list[nn.Parameter]:
    found = group["params"]
    assert isinstance(found, list)
    return found
