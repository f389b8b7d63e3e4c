"""Drawn characters: the font that comes with Pillow, in three weights, under a random affine change for each sample."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont, features
from torch import Generator, Tensor

from nnspec.diagnostics import Span
from nnspec.recipe.data import Glyphs
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import need_room, refuse
from nnspec.train.data.samples import Held

CANVAS = 64  # pixels on each side that a character is drawn on
HEIGHT = 44  # of the font, in pixels
WEIGHTS = (0, 1, 2)  # pixels that are added around each stroke
CHUNK = 4096  # samples that are made at a time
ABSENT = "\uffff"  # what a font draws for this, it draws for all that it does not have


def make_glyphs(choice: Glyphs, span: Span | None) -> DataSet:
    """`image` [N, 1, size, size], white on black with noise, and `label`, the place in `characters`.

    Raises:
        SpecError: the font does not have a character, or there are more pictures than a data set may hold.
    """
    need_room("glyphs", 4 * choice.samples * choice.size**2, span)
    drawn = _drawn(choice.characters, span)  # [characters * weights, 1, CANVAS, CANVAS]
    draws = Generator().manual_seed(choice.seed)
    label = torch.arange(choice.samples) % len(choice.characters)
    weight = torch.randint(len(WEIGHTS), (choice.samples,), generator=draws)
    turns = _changes(choice.samples, draws)
    image = torch.empty(choice.samples, 1, choice.size, choice.size)
    for start in range(0, choice.samples, CHUNK):
        part = slice(start, start + CHUNK)
        grid = F.affine_grid(turns[part], list(image[part].shape), align_corners=False)
        whole = drawn[label[part] * len(WEIGHTS) + weight[part]]
        image[part] = F.grid_sample(whole, grid, align_corners=False)
    image += choice.noise * torch.randn(image.shape, generator=draws)
    fields = {"image": image.clamp_(0.0, 1.0), "label": label}
    return DataSet("glyphs", Held(fields), tuple(choice.characters), frozenset({"image"}))


def _drawn(characters: str, span: Span | None) -> Tensor:
    """Every character in every weight, within 0 and 1."""
    if not features.check("freetype2"):
        refuse("glyphs", "this Pillow comes without FreeType, and so without a font", "install it with pip", span)
    font = ImageFont.load_default(HEIGHT)
    absent = bytes(font.getmask(ABSENT))
    missing = [character for character in characters if bytes(font.getmask(character)) == absent]
    if missing:
        refuse("glyphs", f"the font has no {' '.join(missing)}", "leave them out of `characters`", span)
    sheets = []
    for character in characters:
        for weight in WEIGHTS:
            sheet = Image.new("L", (CANVAS, CANVAS))
            place = (CANVAS / 2, CANVAS / 2)
            ImageDraw.Draw(sheet).text(place, character, 255, font, anchor="mm", stroke_width=weight)
            sheets.append(np.asarray(sheet, np.float32) / 255.0)
    return torch.from_numpy(np.stack(sheets)).unsqueeze(1)


def _changes(samples: int, draws: Generator) -> Tensor:
    """[N, 2, 3]: turned by up to 15 degrees, slanted by 0.2, scaled by 0.8 to 1.1 and moved by a tenth."""
    turn, slant, down, right = torch.rand(4, samples, generator=draws) * 2 - 1
    scale = 1 / (0.8 + 0.3 * torch.rand(samples, generator=draws))
    angle = turn * math.radians(15)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    rows = [cos, -sin + 0.2 * slant * cos, 0.2 * right, sin, cos + 0.2 * slant * sin, 0.2 * down]
    return torch.stack(rows, 1).view(samples, 2, 3)
