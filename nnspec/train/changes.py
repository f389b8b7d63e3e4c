"""Random changes of pictures, drawn for a whole batch at once: where things are in them, and their colours.

Each function draws what changes and gives a function that carries it out, so that masks change as their pictures do.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from nnspec.recipe.augmentation import (
    Augmentation,
    ColorJitter,
    RandomCrop,
    RandomFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomShift,
    extent_of,
)
from nnspec.train.rows import Drawn, register_augmentation

LUMINANCE = (0.299, 0.587, 0.114)  # of red, green and blue: ITU-R BT.601
Extent = tuple[int, int]  # height and width


def _extent(choice: Augmentation, like: Tensor) -> Extent:
    """The height and width that pictures are left with."""
    return extent_of(choice) or (like.shape[2], like.shape[3])


@register_augmentation(RandomShift)
def shift(choice: RandomShift, like: Tensor, draws: Generator) -> Drawn:
    """Padding by some pixels and cutting out at random shifts by up to as many."""
    return cut(_extent(choice, like), choice.pixels, like, draws)


@register_augmentation(RandomCrop)
def crop(choice: RandomCrop, like: Tensor, draws: Generator) -> Drawn:
    """A part at a random place."""
    return cut(_extent(choice, like), choice.padding, like, draws)


def cut(extent: Extent, padding: int, like: Tensor, draws: Generator) -> Drawn:
    """A part of this size at a random place of each picture; `padding` black pixels on every side belong to it."""
    count, _, height, width = like.shape
    room = torch.tensor([[height - extent[0]], [width - extent[1]]]) + 2 * padding
    start = (torch.rand(2, count, generator=draws) * (room + 1)).long().minimum(room).to(like.device) - padding
    rows = torch.arange(extent[0], device=like.device) + start[0, :, None]  # [N, height of the part]
    columns = torch.arange(extent[1], device=like.device) + start[1, :, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    places = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        index = places.view(count, 1, -1).expand(-1, pictures.shape[1], -1)
        part = pictures.flatten(2).gather(2, index).view(*pictures.shape[:2], *extent)
        return torch.where(inside[:, None], part, black.view(1, -1, 1, 1))

    return apply


@register_augmentation(RandomResizedCrop)
def resized_cut(choice: RandomResizedCrop, like: Tensor, draws: Generator) -> Drawn:
    """A part of random area, form and place of each picture, in one size."""
    extent = _extent(choice, like)
    count, _, height, width = like.shape
    numbers = torch.rand(4, count, generator=draws)
    area = height * width * (choice.scale[0] + (choice.scale[1] - choice.scale[0]) * numbers[0])
    low, high = (math.log(bound) for bound in choice.ratio)
    form = (low + (high - low) * numbers[1]).exp()  # width over height
    down, right = (area / form).sqrt().clamp(max=height) / height, (area * form).sqrt().clamp(max=width) / width
    none = torch.zeros(count)
    middle = [(2 * number - 1) * (1 - share) for number, share in zip(numbers[2:], (right, down), strict=True)]
    place = torch.stack([right, none, middle[0], none, down, middle[1]], 1).view(count, 2, 3).to(like.device)
    return _sampled(F.affine_grid(place, [count, 1, *extent], align_corners=False), "border")


@register_augmentation(RandomFlip)
def flip(choice: RandomFlip, like: Tensor, draws: Generator) -> Drawn:
    """Some pictures are mirrored."""
    chosen = torch.rand(len(like), generator=draws).to(like.device) < choice.probability

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        return torch.where(chosen.view(-1, 1, 1, 1), pictures.flip(2 if choice.vertical else 3), pictures)

    return apply


@register_augmentation(RandomRotation)
def rotate(choice: RandomRotation, like: Tensor, draws: Generator) -> Drawn:
    """Each picture is turned about its middle."""
    count, _, height, width = like.shape
    angle = (torch.rand(count, generator=draws) * 2 - 1).to(like.device) * math.radians(choice.degrees)
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros_like(angle)
    turn = torch.stack([cos, -sin * height / width, none, sin * width / height, cos, none], 1).view(count, 2, 3)
    return _sampled(F.affine_grid(turn, [count, 1, height, width], align_corners=False), "zeros")


def _sampled(grid: Tensor, beyond: str) -> Drawn:
    """Pictures at the places of a grid [N, H, W, 2]; masks take the nearest pixel."""

    def apply(pictures: Tensor, black: Tensor) -> Tensor:
        mode = "bilinear" if pictures.is_floating_point() else "nearest"
        shade = black.view(1, -1, 1, 1)  # what comes in is zero: above black
        moved = F.grid_sample((pictures - shade).to(grid.dtype), grid, mode, beyond, align_corners=False)
        return moved.to(pictures.dtype) + shade

    return apply


@register_augmentation(ColorJitter)
def jitter(choice: ColorJitter, like: Tensor, draws: Generator) -> Drawn:
    """Brightness, contrast and saturation of each picture, in this order."""
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
