"""The worst samples as a picture: pictures with what they are and what they were taken for; of all else a list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nnspec.evaluation.judge import Bad
from nnspec.infer.report import shown
from nnspec.output import replacing
from nnspec.train.data.dataset import DataSet

TILE, GAP, COLUMNS = 150, 10, 4  # pixels of a picture on each side, between two, and how many stand in a row
LINE, SIZE = 15, 12  # pixels of a line of words, and of its letters
WIDTH = 900  # of a list
RIGHT, WRONG, GREY = (8, 69, 148), (217, 72, 1), (110, 110, 110)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write_worst(path: Path, data: DataSet, worst: Sequence[Bad]) -> None:
    """Write the picture as a PNG file.

    Raises:
        SpecError: it cannot be written.
    """
    with replacing(path) as temporary:
        worst_picture(data, worst).save(temporary, "PNG")


def worst_picture(data: DataSet, worst: Sequence[Bad]) -> Image.Image:
    """The picture of some samples, those with the greatest loss first."""
    font = ImageFont.load_default(SIZE)
    field = picture_field(data)
    return _list(data, worst, font) if field is None else _tiles(data, worst, field, font)


def picture_field(data: DataSet) -> str | None:
    """The field of the data that its samples are shown by; None where none is a picture."""
    return next((name for name in ("image", *sorted(data.pictures)) if name in data.pictures), None)


def _tiles(data: DataSet, worst: Sequence[Bad], field: str, font: Font) -> Image.Image:
    said = max(len(each.said) for each in worst)
    height = TILE + LINE * (2 + 2 * said) + GAP
    columns, rows = min(COLUMNS, len(worst)), -(-len(worst) // COLUMNS)
    picture = Image.new("RGB", (columns * (TILE + GAP) + GAP, rows * (height + GAP) + GAP), "white")
    draw = ImageDraw.Draw(picture)
    for place, each in enumerate(worst):
        left, top = GAP + place % COLUMNS * (TILE + GAP), GAP + place // COLUMNS * (height + GAP)
        tile = sample_picture(data, each.index, field)
        picture.paste(tile, (left + (TILE - tile.width) // 2, top + (TILE - tile.height) // 2))
        for line, (words, color) in enumerate(sample_words(each)):
            draw.text((left, top + TILE + 3 + line * LINE), _fitting(words, font, TILE), color, font)
    return picture


def sample_picture(data: DataSet, index: int, field: str) -> Image.Image:
    """The picture of a sample, as large as a tile."""
    values = data.opened(np.array([index]))[field][0]  # [C, H, W], from 0 to 1
    channels = values[:3] if len(values) >= 3 else values[:1]
    array = channels.float().clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    made = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).convert("RGB")
    scale = TILE / max(made.size)
    size = max(1, round(made.width * scale)), max(1, round(made.height * scale))
    return made.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR)


def sample_words(bad: Bad) -> Iterator[tuple[str, str | tuple[int, int, int]]]:
    """Lines on a sample, each in its colour."""
    yield shown(Path(bad.name).name), GREY
    for each in bad.said:
        yield f"is {shown(each.right)}", RIGHT
        sure = "" if each.share is None else f" ({each.share:.1%})"
        yield f"taken for {shown(each.found)}{sure}", RIGHT if each.found == each.right else WRONG
    yield f"loss {bad.loss:.4g}", "black"


def _fitting(words: str, font: Font, width: int) -> str:
    """Words that are no longer than a width; of a long name the end is what tells it from others."""
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(f"…{words}") > width:
        words = words[1:]
    return f"…{words}"


def _list(data: DataSet, worst: Sequence[Bad], font: Font) -> Image.Image:
    """Samples that are no pictures, each with the values of its fields in words."""
    blocks = [
        [*sample_words(each), *((line, GREY) for line in sample_values(data, each.index, font))] for each in worst
    ]
    height = sum(len(block) * LINE + GAP for block in blocks) + GAP
    picture = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(picture)
    top = GAP
    for block in blocks:
        for words, color in block:
            draw.text((GAP, top), words, color, font)
            top += LINE
        top += GAP
    return picture


def sample_values(data: DataSet, index: int, font: Font | None = None) -> list[str]:
    """The fields of a sample: texts by their tokens, features by their columns, numbers as they are."""
    font = font or ImageFont.load_default(SIZE)
    found = []
    for name, rows in data.opened(np.array([index])).items():
        values = rows[0].reshape(-1).tolist()
        names = data.vocabularies.get(name)
        if name == "features" and len(data.columns) == len(values):
            words = ", ".join(f"{column} {value:.4g}" for column, value in zip(data.columns, values, strict=True))
        elif names and not rows.is_floating_point():
            words = " ".join(names[value] for value in values if value and 0 <= value < len(names))
        else:
            words = " ".join(f"{value:.4g}" for value in values)
        line = f"{name}: {words}"
        while font.getlength(line) > WIDTH - 2 * GAP:
            line = f"{line[: len(line) * 9 // 10].rstrip('…')}…"
        found.append(line)
    return found
