"""Data sets that are made, not read: the same for the same seed."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from nnspec.recipe.data import Reversals, Shapes, Spirals
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.samples import Held

KINDS = ("background", "disc", "square", "triangle")
TURNS = 1.5  # of each arm of a spiral


def make_spirals(choice: Spirals) -> DataSet:
    """Points of arms that start in the middle, evenly apart."""
    draws = Generator().manual_seed(choice.seed)
    label = torch.arange(choice.samples) % choice.arms
    way = torch.rand(choice.samples, generator=draws).sqrt()  # even along the arm
    angle = 2 * math.pi * (TURNS * way + label / choice.arms)
    points = torch.stack([angle.cos(), angle.sin()], 1) * way[:, None]
    points += choice.noise * torch.randn(points.shape, generator=draws)
    return DataSet("spirals", Held({"features": points, "label": label}), tuple(map(str, range(choice.arms))))


def make_shapes(choice: Shapes) -> DataSet:
    """One shape of each kind a picture, at a random place, size and grey level, later ones over earlier ones."""
    draws = Generator().manual_seed(choice.seed)
    samples, size = choice.samples, choice.size
    axis = torch.arange(size) + 0.5
    rows, columns = axis.view(1, size, 1), axis.view(1, 1, size)
    image = torch.full((samples, size, size), 0.1)
    mask = torch.zeros(samples, size, size, dtype=torch.int64)
    for kind in range(1, len(KINDS)):
        numbers = torch.rand(4, samples, 1, 1, generator=draws)
        radius = size * (0.1 + 0.12 * numbers[0])
        down = (rows - (radius + (size - 2 * radius) * numbers[1])) / radius
        right = (columns - (radius + (size - 2 * radius) * numbers[2])) / radius
        inside = _inside(kind, down, right)
        image = torch.where(inside, 0.4 + 0.6 * numbers[3], image)
        mask[inside] = kind
    image += choice.noise * torch.randn(image.shape, generator=draws)
    fields = {"image": image.clamp_(0.0, 1.0).unsqueeze(1), "mask": mask}
    return DataSet("shapes", Held(fields), KINDS, frozenset({"image"}), frozenset({"mask"}))


def _inside(kind: int, down: Tensor, right: Tensor) -> Tensor:
    """The points inside a shape that fills -1 to 1: [N, size, size]."""
    match KINDS[kind]:
        case "disc":
            return down**2 + right**2 < 1
        case "square":
            return (down.abs() < 0.8) & (right.abs() < 0.8)
    return (down.abs() < 1) & (right.abs() < (down + 1) / 2)


def make_reversals(choice: Reversals) -> DataSet:
    """Random strings of letters from 1 on, and the same backwards."""
    draws = Generator().manual_seed(choice.seed)
    source = torch.randint(1, choice.letters + 1, (choice.samples, choice.length), generator=draws)
    target = source.flip(1)
    given = torch.nn.functional.pad(target[:, :-1], (1, 0))
    fields = {"source": source, "given": given, "target": target}
    return DataSet("reversals", Held(fields), aligned={"target": "given"})
