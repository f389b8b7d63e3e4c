"""Pictures as inputs: a file becomes the array [1, C, H, W] (or [1, C * H * W]) that a model takes.

The values are within 0 and 1, by the reader that training has for its pictures, and then normalised as the model was
trained, where its metadata says how.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnspec.diagnostics import SpecError
from nnspec.dims import bounds
from nnspec.infer.fail import read_from
from nnspec.infer.metadata import statistics
from nnspec.infer.mistakes import WrongInput
from nnspec.infer.ports import TensorPort, pattern
from nnspec.reading.pictures import MODES, opened, pixels
from nnspec.record import Record


class PictureInput(Record):
    """The form of a picture that a model takes: channels, height and width, or the number each is a multiple of."""

    channels: int
    height: int | None
    width: int | None
    multiples: tuple[int, int] = (1, 1)
    flat: bool = False


def read_picture(path: Path, port: TensorPort, metadata: Mapping[str, str]) -> NDArray[np.float32]:
    """A picture as the model takes it.

    Raises:
        SpecError: the file is no picture, or the input takes none.
    """
    frame = picture_input(port)
    if frame is None:
        why = "a picture is a float input [N, C, H, W] with 1, 3 or 4 channels, or a square one made flat"
        raise SpecError.of(WrongInput(None, port.name, f"the picture {path.name}", f"{port.dtype} {port}", why,
                                      "give an array: --input x.npy"))  # fmt: skip
    with read_from(path), opened(path) as picture:
        values = pixels(picture, frame.channels, _size(frame, picture.height, picture.width))
    mean, std = (np.reshape(numbers, (-1, 1, 1)) for numbers in statistics(metadata, port.name, frame.channels))
    normal = (values - np.float32(mean)) / np.float32(std)
    return np.asarray(normal.reshape(1, -1) if frame.flat else normal[None], np.float32)


def picture_input(port: TensorPort) -> PictureInput | None:
    """The form of a picture that an input takes; None where it takes none."""
    shape = port.shape
    if port.dtype.kind == "f" and len(shape) == 4 and shape[1] in MODES:
        height, width = (size if isinstance(size, int) else None for size in shape[2:])
        return PictureInput(int(shape[1]), height, width, (_multiple(shape[2]), _multiple(shape[3])))
    if port.dtype.kind == "f" and len(shape) == 2 and isinstance(shape[1], int):
        for channels in (1, 3):
            side = math.isqrt(shape[1] // channels)
            if channels * side * side == shape[1] > 1:
                return PictureInput(channels, side, side, flat=True)
    return None


def _multiple(size: int | str | None) -> int:
    """The step of a free size: 32 for `32*h`."""
    written = pattern(size) if isinstance(size, str) else 1
    return 1 if isinstance(written, int) else max(1, bounds(written)[0])


def _size(frame: PictureInput, height: int, width: int) -> tuple[int, int]:
    """The size to bring a picture to: the model's, or the nearest to its own that the model takes."""
    free = (max(1, round(own / step)) * step for own, step in zip((height, width), frame.multiples, strict=True))
    fixed = (frame.height, frame.width)
    height, width = (own if size is None else size for size, own in zip(fixed, free, strict=True))
    return height, width
