"""The confusion of classes by a model: as a table, and as a picture with a row for each class.

A cell is as dark as its share of the row: blue where the model is right, orange where it is wrong.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from nnspec.output import replacing
from nnspec.train.folder import write

RIGHT, WRONG = (8, 69, 148), (217, 72, 1)
SIDE, CELL = 960, 44  # pixels: of the picture at most, more or less; of a cell at most
LEGIBLE = 11  # the least size of letters
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def write_confusion(folder: Path, field: str, labels: list[str], counts: Tensor, stem: str = "confusion") -> None:
    """`confusion.csv` and `confusion.png`.

    Args:
        folder: where they are written.
        field: what the labels are called in the data.
        labels: the names of the classes.
        counts: [classes, classes], how many samples of a class (row) were taken for a class (column).
        stem: the names of the files, without their endings.

    Raises:
        SpecError: a file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field, *labels])
    writer.writerows([label, *row] for label, row in zip(labels, counts.tolist(), strict=True))
    write(folder / f"{stem}.csv", text.getvalue())
    with replacing(folder / f"{stem}.png") as temporary:
        confusion_picture(field, labels, counts).save(temporary, "PNG")


def confusion_picture(field: str, labels: list[str], counts: Tensor) -> Image.Image:
    """The picture: rows are what samples are, columns what they were taken for; arguments as above."""
    cell = max(1, min(CELL, SIDE // len(labels)))
    font = ImageFont.load_default(max(LEGIBLE, min(14, cell // 3)))
    shown = [_shortened(label) for label in labels]
    margin = int(max(map(font.getlength, shown))) + 12
    left, top, side = margin + 24, margin + 48, cell * len(labels)
    picture = Image.new("RGB", (max(left + side, left + 150, 260) + 12, top + side + 12), "white")
    draw = ImageDraw.Draw(picture)
    right, total = int(counts.diagonal().sum()), int(counts.sum())
    draw.text((8, 6), f"{right:,} of {total:,} right ({right / max(1, total):.1%})", "black", font)
    draw.text((left, 26), "what the model says", "black", font)
    _sideways(picture, (4, top + side // 2), field, font)
    picture.paste(_colors(counts).resize((side, side), Image.Resampling.NEAREST), (left, top))
    if cell >= LEGIBLE:
        _numbers(draw, counts, (left, top), cell, font)
    every = -(-(LEGIBLE + 2) // cell)  # of so many classes one has its name written
    for index in range(0, len(labels), every):
        middle = index * cell + cell // 2
        draw.text((left - 6, top + middle), shown[index], "black", font, anchor="rm")
        _upwards(picture, (left + middle, top - 6), shown[index], font)
    draw.rectangle((left - 1, top - 1, left + side, top + side), outline="grey")
    return picture


def _colors(counts: Tensor) -> Image.Image:
    """A pixel for each cell, from white to the color; what is rare can be seen as well."""
    weight = (counts / counts.sum(1, keepdim=True).clamp(min=1)).sqrt().unsqueeze(2)
    right = torch.eye(len(counts), dtype=torch.bool).unsqueeze(2)
    color = torch.where(right, torch.tensor(RIGHT), torch.tensor(WRONG))
    return Image.fromarray((255 + (color - 255) * weight).round().byte().numpy())


def _numbers(draw: ImageDraw.ImageDraw, counts: Tensor, corner: tuple[int, int], cell: int, font: Font) -> None:
    """The counts in their cells, if there is room for all."""
    rows: list[list[int]] = counts.tolist()
    if max(font.getlength(str(count)) for row in rows for count in row) > cell - 2:
        return
    for y, row in enumerate(rows):
        for x, count in enumerate(row):
            if count:
                middle = (corner[0] + x * cell + cell // 2, corner[1] + y * cell + cell // 2)
                draw.text(middle, str(count), "white" if count > 0.4 * sum(row) else "black", font, anchor="mm")


def _shortened(label: str) -> str:
    return label if len(label) <= 18 else f"{label[:17]}…"


def _upwards(picture: Image.Image, foot: tuple[int, int], text: str, font: Font) -> None:
    """Text that is read from below, with its beginning in the middle of `foot`."""
    written = _turned(text, font)
    picture.paste("black", (foot[0] - written.width // 2, foot[1] - written.height), written)


def _sideways(picture: Image.Image, middle: tuple[int, int], text: str, font: Font) -> None:
    """Text that is read from below, with its middle at a height."""
    written = _turned(text, font)
    picture.paste("black", (middle[0], max(0, middle[1] - written.height // 2)), written)


def _turned(text: str, font: Font) -> Image.Image:
    """Text as a mask, a quarter turn to the left."""
    left, top, right, bottom = font.getbbox(text)
    mask = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2), 0)
    ImageDraw.Draw(mask).text((1 - left, 1 - top), text, 255, font)
    return mask.transpose(Image.Transpose.ROTATE_90)
