"""Pictures that belong together: one folder a field, one name a sample."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, instead, need_room, refuse
from nnspec.train.data.pictures import MODES, SUFFIXES, frame_of_file, read_picture

COLORS = 3


def read_pairs(path: Path, labels: tuple[str, ...], frame: Frame, span: Span | None) -> DataSet:
    """Pictures of all fields in one size; those in `labels` as classes [N, H, W], the others [N, C, H, W].

    Raises:
        SpecError: there is no such folder, files have no partners, or some are no pictures.
    """

    def fail(reason: str, advice: str = "make one folder a field in it, with files of the same names") -> NoReturn:
        refuse(path, reason, advice, span)

    if not path.is_dir():
        fail("there is no such folder", RELATIVE)
    folders = sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))
    names = [folder.name for folder in folders]
    unknown = next((label for label in labels if label not in names), None)
    if unknown is not None:
        fail(f"it has no folder {unknown}", instead(unknown, names))
    files = {folder.name: _files(folder) for folder in folders}
    stems = sorted(set().union(*files.values()))
    alone = [f"{name}/{stem}" for stem in stems for name in names if stem not in files[name]]
    if len(names) < 2 or len(stems) < 2 or alone:
        fail(f"these are missing: {', '.join(alone[:5])}" if alone else "it holds no two fields of two pictures each")
    frame = frame_of_file(files[names[0]][stems[0]], frame)
    need_room(path, 4 * COLORS * (frame.height or 1) * (frame.width or 1) * len(stems) * len(names), span)
    fields, bad = {}, []
    for name in names:
        read = _classes if name in labels else _picture
        made = {stem: read(files[name][stem], frame) for stem in stems}
        bad += [f"{name}/{files[name][stem].name}" for stem, tensor in made.items() if tensor is None]
        fields[name] = [tensor for tensor in made.values() if tensor is not None]
    if bad:
        fail(f"{len(bad)} files are no pictures: {', '.join(bad[:5])}{', ...' if len(bad) > 5 else ''}", "remove them")
    tensors = {name: torch.stack(parts) for name, parts in fields.items()}
    pictures = frozenset(names) - frozenset(labels)
    return DataSet(path.name, tensors, (), pictures, frozenset(labels))


def _files(folder: Path) -> dict[str, Path]:
    """The pictures of a field by their names without endings."""
    return {file.stem: file for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES}


def _picture(file: Path, frame: Frame) -> Tensor | None:
    return read_picture(file, frame, MODES.get(frame.channels or COLORS, "RGB"))


def _classes(file: Path, frame: Frame) -> Tensor | None:
    """The class of each pixel, int64 [H, W]; None for what is no picture with one number a pixel."""
    try:
        with Image.open(file) as picture:
            if picture.mode not in ("L", "P", "1", "I;16", "I"):
                return None
            fitted = picture.resize((frame.width or 1, frame.height or 1), Image.Resampling.NEAREST)
            return torch.from_numpy(np.asarray(fitted).astype(np.int64))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
