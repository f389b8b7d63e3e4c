"""An exponential moving average of the weights: what is validated and stored where a recipe asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Weights that follow those of a model slowly; its other tensors (counts, statistics) are taken as they are."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = model
        self.decay = decay
        self.weights = {name: weight.detach().clone() for name, weight in model.named_parameters()}

    @torch.no_grad()
    def update(self) -> None:
        """Go one step towards the model."""
        own = list(self.weights.values())
        torch._foreach_lerp_(own, [weight.detach() for weight in self.model.parameters()], 1 - self.decay)

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
        return {f"average.{name}": weight for name, weight in self.weights.items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The opposite of `tensors`."""
        for name, weight in self.weights.items():
            weight.copy_(tensors[f"average.{name}"])

    @torch.no_grad()
    def _set(self, weights: dict[str, Tensor]) -> None:
        for name, weight in self.model.named_parameters():
            weight.copy_(weights[name])
