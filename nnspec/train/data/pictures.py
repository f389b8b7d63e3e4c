"""Data from a folder with one folder of pictures for each class; the folders' names, sorted, are the classes."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import BYTES, DataSet, Frame
from nnspec.train.data.fail import RELATIVE, refuse

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read_pictures(path: Path, frame: Frame, span: Span | None) -> DataSet:
    """All pictures, in the size and the channels of the frame; the size of the first one where it leaves that open.

    Raises:
        SpecError: there is no such folder, it holds no classes, or some files are no pictures; all are named.
    """

    def fail(reason: str, advice: str = "make a folder of pictures for each class in it") -> NoReturn:
        refuse(path, reason, advice, span)

    if not path.is_dir():
        fail("there is no such folder", RELATIVE)
    folders = sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    files = [(file, label) for label, folder in enumerate(folders) for file in _pictures_in(folder)]
    empty = [folder.name for folder in folders if not _pictures_in(folder)]
    if len(files) < 2 or empty:
        fail(f"there are no pictures in {', '.join(empty)}" if empty else f"it holds {len(files)} pictures")
    if frame.height is None or frame.width is None:
        frame = frame_of_file(files[0][0], frame)
    channels = frame.channels or 3
    size = channels * (frame.height or 0) * (frame.width or 0)
    if size * 4 * len(files) > BYTES:
        fail(f"its pictures take {size * 4 * len(files):,} bytes", f'write a size: images("{path.name}", size = 64)')
    made = torch.empty(len(files), channels, frame.height or 0, frame.width or 0)
    bad = []
    for index, (file, _) in enumerate(files):
        picture = read_picture(file, frame, MODES.get(channels, "RGB"))
        if picture is None:
            bad.append(file.relative_to(path).as_posix())
        else:
            made[index] = picture
    if bad:
        fail(f"{len(bad)} files are no pictures: {', '.join(bad[:5])}{', ...' if len(bad) > 5 else ''}", "remove them")
    labels = torch.tensor([label for _, label in files])
    return DataSet(path.name, {"image": made, "label": labels}, tuple(x.name for x in folders), frozenset({"image"}))


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())


def frame_of_file(file: Path, frame: Frame) -> Frame:
    """The frame with the size of a picture; a damaged one is reported when it is read."""
    try:
        with Image.open(file) as picture:
            width, height = picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        width, height = 1, 1
    return Frame(frame.channels, frame.height or height, frame.width or width)


def read_picture(file: Path, frame: Frame, mode: str) -> Tensor | None:
    """A picture as float32 [C, H, W] within 0 and 1; None for what is no picture."""
    try:
        with Image.open(file) as picture:
            return fitted(picture, frame, mode)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def fitted(picture: Image.Image, frame: Frame, mode: str) -> Tensor:
    """A picture as float32 [C, H, W] within 0 and 1, in the size of the frame."""
    resized = picture.convert(mode).resize((frame.width or 1, frame.height or 1), Image.Resampling.BILINEAR)
    array = np.asarray(resized, dtype=np.float32) / 255.0
    return torch.from_numpy(array.reshape(frame.height or 1, frame.width or 1, -1)).permute(2, 0, 1)
