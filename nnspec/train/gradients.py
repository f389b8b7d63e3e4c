"""The norm of the gradients, and how noisy they are: columns of the metrics for who asks for them with `watch`.

The noise is the batch at which the gradient's noise is as large as the gradient itself, the "simple noise scale" of
McCandlish et al. 2018. It is estimated from gradients of batches that follow each other: their product is that of what
they have in common, and what a square has beyond it is noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nnspec.train.strategy import Strategy

NORM, NOISE = "gradient_norm", "gradient_noise"


class Gradients:
    """What is watched of the gradients of a phase in an epoch."""

    def __init__(self, parameters: Sequence[nn.Parameter], sizes: Tensor, strategy: Strategy, noise: bool) -> None:
        """`sizes` are the numbers of samples of the batches of an epoch; the noise takes a copy of all gradients."""
        self.parameters = parameters
        self.sizes = sizes
        self.strategy = strategy
        self.squares, self.products = torch.full_like(sizes, torch.nan), torch.full_like(sizes, torch.nan)
        self.before = [strategy.own(weight.detach()).clone().fill_(torch.nan) for weight in parameters if noise]

    @torch.no_grad()
    def see(self, step: int) -> None:
        """Take the gradients of a step of the epoch into account."""
        found = [_own_gradient(weight, self.strategy) for weight in self.parameters]
        self.squares[step] = self._total(found, found)
        if self.before:
            self.products[step] = self._total(found, self.before)
            torch._foreach_copy_(self.before, found)

    def _total(self, left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
        total = torch.stack([(a.float() * b.float()).sum() for a, b in zip(left, right, strict=True)]).sum()
        return self.strategy.total(total) if self.strategy.shards else total

    def row(self, own: Sequence[int]) -> dict[str, float | None]:
        """The values of an epoch, of which these steps are its own; gradients that overflowed do not count."""
        squares, products, sizes = self.squares[own], self.products[own], self.sizes[own]
        finite = squares.isfinite()
        found: dict[str, float | None] = {NORM: squares[finite].sqrt().mean().item() if finite.any() else None}
        if self.before:
            known = finite & products.isfinite()
            common = products[known].mean()
            noise = (sizes[known] * (squares[known] - products[known])).mean() / common
            found[NOISE] = noise.item() if known.any() and common > 0 else None
        return found

    def tensors(self) -> dict[str, Tensor]:
        """For the state of a run."""
        found = {"gradients.squares": self.squares, "gradients.products": self.products}
        return {**found, **{f"gradients.{index}": gradient for index, gradient in enumerate(self.before)}}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """The opposite of `tensors`."""
        for name, own in self.tensors().items():
            if own.shape == tensors[name].shape:  # the shares of other processes are others
                own.copy_(tensors[name])


def _own_gradient(weight: nn.Parameter, strategy: Strategy) -> Tensor:
    """The gradient of a weight, as far as this process has it; zeros where there is none."""
    gradient = strategy.own(weight if weight.grad is None else weight.grad).detach()
    return torch.zeros_like(gradient) if weight.grad is None else gradient
