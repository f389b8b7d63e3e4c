"""Data from a folder with one folder of pictures for each class; the folders' names, sorted, are the classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

import torch

from nnspec.diagnostics import Span
from nnspec.reading.folders import common_names, folders_in, others_in, parts_of, pictures_in
from nnspec.reading.pictures import extent_of, read_picture
from nnspec.reading.room import BYTES
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, read_from, refuse
from nnspec.train.data.samples import Held

COLORS = 3
T = TypeVar("T")


def read_pictures(path: Path, frame: Frame, span: Span | None) -> DataSet:
    """All pictures, in the size and the channels of the frame; the size of the first one where it leaves that open.

    Raises:
        SpecError: there is no such folder, it holds no classes, or some files are no pictures; all are named.
    """

    def fail(reason: str, advice: str = "make a folder of pictures for each class in it") -> NoReturn:
        refuse(path, reason, advice, span)

    if not path.is_dir():
        fail("there is no such folder", RELATIVE)
    parts = parts_of(path)
    with read_from(path, span):
        classes = common_names(parts)
    files: list[tuple[Path, int]] = []
    counts: list[int] = []
    for part in parts.folders:
        found = {folder: pictures_in(folder) for folder in folders_in(part)}
        empty = [folder.relative_to(path).as_posix() for folder, pictures in found.items() if not pictures]
        if empty:
            fail(f"there are no pictures in {', '.join(empty)}")
        own = [(file, classes.index(folder.name)) for folder, pictures in found.items() for file in pictures]
        counts.append(len(own))
        files += own
    if len(files) < 2:
        fail(f"it holds {len(files)} pictures")
    frame = frame_of_file(files[0][0], frame)
    channels, extent = frame.channels or COLORS, (frame.height or 1, frame.width or 1)
    size = channels * extent[0] * extent[1] * 4 * len(files)
    if size > BYTES:
        fail(f"its pictures take {size:,} bytes", f'write a size: images("{path.name}", size = 64)')
    made = torch.empty(len(files), channels, *extent)
    places = iter(range(len(files)))

    def put(file: Path) -> None:
        made[next(places)] = torch.from_numpy(read_picture(file, channels, extent))

    each_readable(path, [file for file, _ in files], put, span)
    labels = torch.tensor([label for _, label in files])
    held_out = counts[1] if len(counts) > 1 else None
    notes = (*parts.notes, *others_in([folder for part in parts.folders for folder in folders_in(part)]))
    return DataSet(path.name, Held({"image": made, "label": labels}), tuple(classes), frozenset({"image"}),
                   held_out=held_out, notes=notes)  # fmt: skip


def each_readable(path: Path, files: Sequence[Path], read: Callable[[Path], T], span: Span | None) -> list[T]:
    """The contents of each file; all that cannot be read are told at once.

    Raises:
        SpecError: some cannot.
    """
    made: list[T] = []
    bad: list[tuple[str, Unreadable]] = []
    for file in files:
        try:
            made.append(read(file))
        except Unreadable as error:
            bad.append((file.relative_to(path).as_posix(), error))
    if bad:
        names = ", ".join(name for name, _ in bad[:5]) + (", ..." if len(bad) > 5 else "")
        why = bad[0][1]
        reason = f"{len(bad)} files are no pictures: {names}; of the first, {why.reason}"
        refuse(path, reason, f"{why.advice}, or remove them", span)
    return made


def frame_of_file(file: Path, frame: Frame) -> Frame:
    """The frame with the size of a picture; a damaged one is reported when it is read."""
    if frame.height is not None and frame.width is not None:
        return frame
    try:
        height, width = extent_of(file)
    except Unreadable:
        height, width = 1, 1
    return Frame(frame.channels, frame.height or height, frame.width or width)
