"""Pictures that show something of two samples of a batch, and the loss of both.

The share of the first is one number for a batch. Whatever of the loss is a mean over labels is then the loss of the
mixed label, with label smoothing, class weights or masks as ever, and no label changes its type.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Generator, Tensor

from nnspec.recipe.augmentation import CutMix, Mixing
from nnspec.train.batch import Batch, Values

Mix = Callable[[Tensor], Tensor | None]  # pictures [N, C, H, W] or masks [N, H, W]; None where they cannot be mixed


def draw_mix(choice: Mixing, like: Tensor, draws: Generator) -> tuple[Mix, Tensor, float]:
    """The mixing function, the other sample of each, and the share of the sample itself."""
    seed = int(torch.randint(2**63 - 1, (), generator=draws))
    chance = np.random.default_rng(seed)
    share = float(chance.beta(choice.alpha, choice.alpha))
    others = torch.from_numpy(chance.permutation(len(like))).to(like.device)
    if not isinstance(choice, CutMix):
        return lambda x: torch.lerp(x[others], x, share) if x.is_floating_point() else None, others, share
    height, width = like.shape[-2:]
    top, bottom = _side(height, share, chance)
    left, right = _side(width, share, chance)

    def paste(x: Tensor) -> Tensor:
        pasted = x.clone()
        pasted[..., top:bottom, left:right] = x[others][..., top:bottom, left:right]
        return pasted

    return paste, others, 1 - (bottom - top) * (right - left) / (height * width)


def _side(size: int, share: float, chance: np.random.Generator) -> tuple[int, int]:
    """Where a box whose area is what `share` leaves begins and ends; its middle is anywhere."""
    half = int(size * math.sqrt(1 - share)) // 2
    middle = int(chance.integers(size))
    return max(middle - half, 0), min(middle + half, size)


def mixed_loss(loss: Callable[[Values], Tensor | tuple[Tensor, ...]], batch: Batch) -> Tensor:
    """The loss of a batch; of a mixed one, the losses with the labels of both samples, by their shares."""
    if batch.others is None:
        found = loss(batch.values)
        assert isinstance(found, Tensor)
        return found
    losses = [loss(version) for version in batch.versions]
    first, second = losses[0], losses[-1]
    assert isinstance(first, Tensor) and isinstance(second, Tensor)
    return torch.lerp(second, first, batch.share)
