"""MNIST, Fashion-MNIST and their kin: arrays of bytes in IDX files, packed with gzip or not."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import RELATIVE, need_room, refuse
from nnspec.train.data.samples import Form, Held

PARTS = ("train", "t10k")
BYTE_ELEMENTS = 0x08
WHITE = 255


def read_idx(folder: Path, span: Span | None) -> DataSet:
    """The training part, then the test part, where it is there.

    Raises:
        SpecError: the files are missing, damaged, or do not belong together.
    """
    parts = [_part(folder, part, span) for part in PARTS if _find(folder, f"{part}-images-idx3-ubyte") is not None]
    if not parts or _find(folder, f"{PARTS[0]}-images-idx3-ubyte") is None:
        refuse(folder, "there is no train-images-idx3-ubyte or train-images-idx3-ubyte.gz in it", RELATIVE, span)
    if len({pictures.shape[1:] for pictures, _ in parts}) > 1:
        refuse(folder, "its parts have pictures of different sizes", "take both from one data set", span)
    pictures = torch.cat([each for each, _ in parts])
    labels = torch.cat([each for _, each in parts])
    tested = len(parts[1][0]) if len(parts) == 2 else None
    classes = tuple(map(str, range(int(labels.max()) + 1)))
    fields = {"image": pictures, "label": labels}
    forms = {"image": Form(torch.uint8, tuple(pictures.shape[1:]), WHITE)}
    return DataSet(folder.name, Held(fields, forms), classes, frozenset({"image"}), tested=tested)


def _part(folder: Path, part: str, span: Span | None) -> tuple[Tensor, Tensor]:
    """Pictures [N, 1, H, W] and labels [N] of one part."""
    files = [_find(folder, f"{part}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
    if files[0] is None or files[1] is None:
        refuse(folder, f"there is no {part}-labels-idx1-ubyte in it", RELATIVE, span)
    images, labels = _array(files[0], 3, span), _array(files[1], 1, span)
    if len(images) != len(labels) or len(images) < 2:
        refuse(folder, f"{part} has {len(images)} pictures and {len(labels)} labels", "take both from one source", span)
    return torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels.astype(np.int64))


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _array(path: Path, rank: int, span: Span | None) -> NDArray[np.uint8]:
    """The array of bytes in a file: two zeros, the element type, the rank, the sizes, the elements."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4 + 4 * rank)
            if len(head) < 4 + 4 * rank or head[:4] != bytes((0, 0, BYTE_ELEMENTS, rank)):
                refuse(path, f"it is no IDX file of bytes in {rank} dimensions", "fetch the file again", span)
            shape = struct.unpack(f">{rank}I", head[4:])
            size = math.prod(shape)
            need_room(path, size, span, path.stat().st_size if path.suffix == ".gz" else None)
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error):
        refuse(path, "it cannot be read: it is damaged, or may not be opened", "fetch the file again", span)
    if len(content) != size:
        there = "more" if len(content) > size else f"{len(content):,}"
        refuse(path, f"it should hold {size:,} elements, and holds {there}", "fetch the file again", span)
    return np.frombuffer(content, np.uint8).reshape(shape).copy()
