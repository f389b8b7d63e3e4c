"""Random changes of a batch of pictures, all at once; each sample has its own draw, and its masks follow it."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from nnspec.elaborate.choices import Augmentation, ColorJitter, RandomCrop, RandomFlip, RandomRotation, RandomShift
from nnspec.record import Record

LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601
Drawn = Callable[[Tensor, Tensor], Tensor]  # pictures [N, C, H, W] and the value of black [C]: the changed pictures


class Followed(Record):
    """Fields that change alike: the names that one tensor has, and the value of a black pixel in each channel [C]."""

    names: tuple[str, ...]
    black: Tensor


class Augment:
    """All changes in order, on the pictures that the model is given and on the fields that belong to them."""

    def __init__(self, choices: tuple[Augmentation, ...], fields: tuple[Followed, ...], draws: Generator) -> None:
        """`fields` begins with the pictures themselves; `draws` is on the CPU: its state is saved with a run."""
        self.choices = choices
        self.fields = fields
        self.draws = draws

    def __call__(self, values: dict[str, Tensor]) -> None:
        """Change the values of a batch."""
        for choice in self.choices:
            drawn = self._draw(choice, self._of(values, self.fields[0]))
            followers = self.fields[:1] if isinstance(choice, ColorJitter) else self.fields
            for field in followers:
                pictures = self._of(values, field)
                if pictures is not None:
                    changed = _apply(drawn, pictures, field.black)
                    values.update((name, changed) for name in field.names if name in values)

    def _of(self, values: dict[str, Tensor], field: Followed) -> Tensor | None:
        return next((values[name] for name in field.names if name in values), None)

    def _draw(self, choice: Augmentation, pictures: Tensor | None) -> Drawn:
        assert pictures is not None  # the model's own input
        match choice:
            case RandomShift():
                return _shift(choice.pixels, pictures, self.draws)
            case RandomCrop():  # padding by p and cutting out at random shifts by up to p
                return _shift(choice.padding, pictures, self.draws)
            case RandomFlip():
                return _flip(choice, pictures, self.draws)
            case RandomRotation():
                return _rotate(choice.degrees, pictures, self.draws)
            case ColorJitter():
                return _jitter(choice, pictures, self.draws)
        raise TypeError(f"no augmentation for {choice.word}")


def _apply(drawn: Drawn, values: Tensor, black: Tensor) -> Tensor:
    """A change of pictures [N, C, H, W] or of masks [N, H, W]."""
    if values.ndim == 3:
        return drawn(values.unsqueeze(1), black.to(values.dtype)).squeeze(1)
    return drawn(values, black)


def _shift(pixels: int, like: Tensor, draws: Generator) -> Drawn:
    count, _, height, width = like.shape
    distance = torch.randint(-pixels, pixels + 1, (2, count, 1), generator=draws).to(like.device)
    rows = torch.arange(height, device=like.device) + distance[0]  # [N, H]
    columns = torch.arange(width, device=like.device) + distance[1]  # [N, W]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]  # [N, H, W]

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        index = places.view(count, 1, -1).expand(-1, pictures.shape[1], -1)
        moved = pictures.flatten(2).gather(2, index).view_as(pictures)
        return torch.where(inside[:, None], moved, black.view(1, -1, 1, 1))

    return apply


def _flip(choice: RandomFlip, like: Tensor, draws: Generator) -> Drawn:
    chosen = torch.rand(len(like), generator=draws).to(like.device) < choice.probability

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        return torch.where(chosen.view(-1, 1, 1, 1), pictures.flip(2 if choice.vertical else 3), pictures)

    return apply


def _rotate(degrees: float, like: Tensor, draws: Generator) -> Drawn:
    """About the middle; masks take the nearest pixel."""
    count, _, height, width = like.shape
    angle = (torch.rand(count, generator=draws) * 2 - 1).to(like.device) * math.radians(degrees)
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros_like(angle)
    turn = torch.stack([cos, -sin * height / width, none, sin * width / height, cos, none], 1).view(count, 2, 3)
    grid = F.affine_grid(turn, [count, 1, height, width], align_corners=False)

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        mode = "bilinear" if pictures.is_floating_point() else "nearest"
        shade = black.view(1, -1, 1, 1)  # what comes in is zero: above black
        turned = F.grid_sample((pictures - shade).to(grid.dtype), grid, mode=mode, align_corners=False)
        moved: Tensor = turned.to(pictures.dtype) + shade
        return moved

    return apply


def _jitter(choice: ColorJitter, like: Tensor, draws: Generator) -> Drawn:
    spans = torch.tensor([choice.brightness, choice.contrast, choice.saturation]).view(3, 1, 1, 1, 1)
    factors = 1 + spans * (torch.rand(3, len(like), 1, 1, 1, generator=draws) * 2 - 1)
    bright, contrast, saturation = factors.to(like.device)

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        shade = black.view(1, -1, 1, 1)
        changed = (pictures - shade) * bright
        middle = changed.mean((1, 2, 3), keepdim=True)
        changed = (changed - middle) * contrast + middle
        if pictures.shape[1] == len(LUMINANCE):
            weights = torch.tensor(LUMINANCE, device=pictures.device).view(1, -1, 1, 1)
            grey = (changed * weights).sum(1, keepdim=True)
            changed = (changed - grey) * saturation + grey
        result: Tensor = changed + shade
        return result

    return apply
