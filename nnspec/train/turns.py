"""A phase at work: its optimizer, its learning rate, when its turn is, and its losses.

A round has as many batches as the phase with the most steps; a phase with fewer takes the last ones of each round, so
that `steps = 5` for a critic and one for an artist means: the artist learns from every fifth batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from nnspec.train.optimizer import optimizer
from nnspec.train.schedule import learning_rate
from nnspec.train.state import optimizer_tensors, restore_optimizer
from nnspec.train.task import PhaseTask, Task


class Turns:
    """The turns of a phase."""

    def __init__(self, phase: PhaseTask, task: Task, sizes: Sequence[int]) -> None:
        """`sizes` are the numbers of samples of the batches of an epoch."""
        steps = len(sizes)
        self.phase = phase
        self.strategy = task.strategy
        self.optimizer = optimizer(phase.optimizer, phase.groups, task.device, task.strategy)
        self.parameters = [weight for group in self.optimizer.param_groups for weight in group["params"]]
        self.rate = learning_rate(phase.schedule, phase.optimizer.lr, steps, task.recipe.epochs * steps)
        self.losses = torch.zeros(steps, device=task.device)
        self.sizes = torch.tensor(sizes, dtype=torch.float32, device=task.device)
        # gradients in float16 are multiplied until they are in its range; a step whose gradients overflow is left out
        self.scaler = torch.amp.GradScaler(task.device.type, enabled=task.recipe.precision == "float16")
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
        rate = self.rate(index)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
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
        torch.autograd.backward(self.scaler.scale(loss))

    def finish(self) -> None:
        """After the gradients of a batch: the step."""
        if self.phase.clip is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.parameters, self.phase.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def own(self, first: int, steps: int) -> list[int]:
        """The batches of an epoch's first `steps` that are its own; `first` is the number of the first one."""
        return [step for step in range(steps) if self.acts(first + step)]

    def mean(self, first: int, steps: int) -> float | None:
        """The mean loss of those batches over their samples; None where none is its own."""
        own = self.own(first, steps)
        return (self.losses[own] @ self.sizes[own] / self.sizes[own].sum()).item() if own else None

    # --- state

    def tensors(self) -> dict[str, Tensor]:
        """For the state of a run."""
        scaler = {f"scaler.{name}": torch.tensor(value) for name, value in self.scaler.state_dict().items()}
        found = {"losses": self.losses, **scaler, **optimizer_tensors(self.optimizer)}
        return {f"{self._prefix}{name}": tensor for name, tensor in found.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The opposite of `tensors`."""
        own = {
            name.removeprefix(self._prefix): tensor for name, tensor in tensors.items() if name.startswith(self._prefix)
        }
        restore_optimizer(self.optimizer, own, self.strategy)
        self.scaler.load_state_dict({name: own[f"scaler.{name}"].item() for name in self.scaler.state_dict()})
        self.losses.copy_(own["losses"])

    @property
    def _prefix(self) -> str:
        return f"phase.{self.phase.name}." if self.phase.name else ""


def _weights(group: dict[str, object]) -> list[nn.Parameter]:
    found = group["params"]
    assert isinstance(found, list)
    return found
