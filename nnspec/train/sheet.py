"""Many small pictures side by side in one."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from nnspec.output import replacing

COLUMNS = 8
GAP, GREY = 1, 0.5  # pixels between two pictures, and their shade


def write_sheet(path: Path, pictures: Tensor) -> None:
    """Pictures [N, C, H, W] of values from 0 to 1, C of 1 or 3, in rows of eight, as a PNG file.

    Raises:
        SpecError: it cannot be written.
    """
    count, channels, height, width = pictures.shape
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    sheet = torch.full((channels, rows * (height + GAP) - GAP, columns * (width + GAP) - GAP), GREY)
    for index, picture in enumerate(pictures.float().cpu().clamp(0, 1)):
        top, left = index // columns * (height + GAP), index % columns * (width + GAP)
        sheet[:, top : top + height, left : left + width] = picture
    array = sheet.permute(1, 2, 0).mul(255).round().byte().numpy()  # [H, W, C]
    made = Image.fromarray(array[..., 0] if channels == 1 else array)
    with replacing(path) as temporary:
        made.save(temporary, "PNG")
