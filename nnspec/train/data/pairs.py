"""Pictures that belong together: one folder a field, one name a sample."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

from nnspec.diagnostics import Span
from nnspec.reading.folders import common_names, others_in, parts_of, pictures_in
from nnspec.reading.pictures import read_classes, read_picture
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, instead, need_room, read_from, refuse
from nnspec.train.data.pictures import COLORS, each_readable, frame_of_file
from nnspec.train.data.samples import Held

_CLASSES = 20  # the largest number of a class that no folder of pictures has as its brightest grey
Files = dict[str, dict[str, Path]]  # by field, and by the name of the sample


def read_pairs(path: Path, labels: tuple[str, ...], frame: Frame, span: Span | None) -> DataSet:
    """Pictures of all fields in one size; those in `labels` as classes [N, H, W], the others [N, C, H, W].

    Raises:
        SpecError: there is no such folder, files have no partners, or some are no pictures.
    """

    def fail(reason: str, advice: str = "make one folder a field in it, with files of the same names") -> NoReturn:
        refuse(path, reason, advice, span)

    if not path.is_dir():
        fail("there is no such folder", RELATIVE)
    parts = parts_of(path)
    with read_from(path, span):
        names = common_names(parts)
    unknown = next((label for label in labels if label not in names), None)
    if unknown is not None:
        fail(f"it has no folder {unknown}", instead(unknown, names))
    samples: list[dict[str, Path]] = []
    counts: list[int] = []
    for part in parts.folders:
        files = {name: _files(part / name) for name in names}
        stems = sorted(set().union(*files.values()))
        alone = [f"{name}/{stem}" for stem in stems for name in names if stem not in files[name]]
        if alone:
            fail(f"these are missing: {', '.join(alone[:5])}")
        samples += [{name: files[name][stem] for name in names} for stem in stems]
        counts.append(len(stems))
    if len(names) < 2 or len(samples) < 2 or not all(counts):
        fail("it holds no two fields of two pictures each")
    frame = frame_of_file(samples[0][names[0]], frame)
    extent = (frame.height or 1, frame.width or 1)
    need_room(path, 4 * COLORS * extent[0] * extent[1] * len(samples) * len(names), span)
    picture = partial(read_picture, channels=frame.channels or COLORS, extent=extent)
    classes = partial(read_classes, extent=extent)

    def read(file: Path) -> NDArray[Any]:
        return np.asarray((classes if file.parent.name in labels else picture)(file))

    made = iter(each_readable(path, [sample[name] for name in names for sample in samples], read, span))
    fields = {name: torch.from_numpy(np.stack([next(made) for _ in samples])) for name in names}
    for name in (each for each in names if each not in labels):
        brightest = round(255 * float(fields[name].max()))
        if 0 < brightest <= _CLASSES:
            fail(f"nothing in the pictures of {name} is brighter than {brightest} of 255: these are classes, not greys",
                 f'write labels = ["{name}"], by which each value is the class of its pixel')  # fmt: skip
    notes = (*parts.notes, *others_in([part / name for part in parts.folders for name in names]))
    validated, tested = parts.held_out(counts)
    return DataSet(path.name, Held(fields), (), frozenset(names) - frozenset(labels), frozenset(labels),
                   held_out=validated, tested=tested, notes=notes)  # fmt: skip


def _files(folder: Path) -> dict[str, Path]:
    """The pictures of a field by their names without endings."""
    return {file.stem: file for file in pictures_in(folder)}
