"""Random changes of a batch of pictures [N, C, H, W], all at once; each sample has its own draw."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from nnspec.elaborate.choices import Augmentation, RandomCrop, RandomFlip, RandomShift

Change = Callable[[Tensor], Tensor]


def augmentation(choices: tuple[Augmentation, ...], black: Tensor, draws: Generator) -> Change | None:
    """All changes in order as one function; None for none.

    Args:
        choices: what the recipe lists.
        black: [C], the value of a black pixel in every channel.
        draws: where randomness comes from, on the CPU: its state is saved with a run.
    """
    changes = [_change(choice, black, draws) for choice in choices]
    if not changes:
        return None

    def apply(pictures: Tensor) -> Tensor:
        for change in changes:
            pictures = change(pictures)
        return pictures

    return apply


def _change(choice: Augmentation, black: Tensor, draws: Generator) -> Change:
    match choice:
        case RandomShift():
            return _shift(choice.pixels, black, draws)
        case RandomCrop():  # padding by p and cutting out at random shifts by up to p
            return _shift(choice.padding, black, draws)
        case RandomFlip():
            return _flip(choice.probability, draws)
    raise TypeError(f"no augmentation for {choice.word}")


def _shift(pixels: int, black: Tensor, draws: Generator) -> Change:
    def apply(pictures: Tensor) -> Tensor:
        count, channels, height, width = pictures.shape
        distance = torch.randint(-pixels, pixels + 1, (2, count, 1), generator=draws).to(pictures.device)
        rows = torch.arange(height, device=pictures.device) + distance[0]  # [N, H]
        columns = torch.arange(width, device=pictures.device) + distance[1]  # [N, W]
        inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
        places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]  # [N, H, W]
        index = places.view(count, 1, -1).expand(-1, channels, -1)
        moved = pictures.flatten(2).gather(2, index).view_as(pictures)
        return torch.where(inside[:, None], moved, black.view(1, -1, 1, 1))

    return apply


def _flip(probability: float, draws: Generator) -> Change:
    def apply(pictures: Tensor) -> Tensor:
        chosen = torch.rand(len(pictures), generator=draws).to(pictures.device) < probability
        return torch.where(chosen.view(-1, 1, 1, 1), pictures.flip(3), pictures)

    return apply
