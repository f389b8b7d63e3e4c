"""An exponential moving average of the weights: what is validated and stored where a recipe asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

STEPS = "average-steps"  # no weight is called so


class Average:
    """Weights that follow those of a model slowly; its other tensors (counts, statistics) are taken as they are.

    The decay is at most (1 + t) / (10 + t) after t steps, so that the average leaves the weights of the beginning
    behind early on (as TensorFlow's ExponentialMovingAverage with num_updates).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.decay = decay
        self.steps = 0
        self.weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}

    @torch.no_grad()
    def update(self) -> None:
        """Go one step towards the model."""
        own = list(self.weights.values())
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(own, [weight.detach() for weight in self.model.parameters()], 1 - decay)
        self.steps += 1

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model with these weights, while the block runs."""
        trained = {name: weight.detach().clone() for name, weight in self.model.named_parameters()}
        self._set(self.weights)
        try:
            yield
        finally:
            self._set(trained)

    def tensors(self) -> dict[str, Tensor]:
        """For the state of a run."""
        found = {f"average.{name}": weight for name, weight in self.weights.items()}
        return {**found, STEPS: torch.tensor(self.steps)}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The opposite of `tensors`."""
        for name, weight in self.weights.items():
            weight.copy_(tensors[f"average.{name}"])
        self.steps = int(tensors[STEPS])

    @torch.no_grad()
    def _set(self, weights: dict[str, Tensor]) -> None:
        for name, weight in self.model.named_parameters():
            weight.copy_(weights[name])
