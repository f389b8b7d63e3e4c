"""Data from a folder with one folder of pictures for each class; the folders' names, sorted, are the classes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import numpy as np
import torch

from nnspec.diagnostics import Span
from nnspec.reading.folders import common_names, files_in, folders_in, others_note, parts_of
from nnspec.reading.pictures import extent_of, is_wide, opened, read_bytes, read_picture
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, read_from, refuse
from nnspec.train.data.known import Known
from nnspec.train.data.names import Names
from nnspec.train.data.samples import Form, Hash, Indices, Rows, Samples

COLORS = 3
WHITE = 255
EIGHT_BITS = frozenset({".jpg", ".jpeg", ".bmp", ".gif", ".webp"})  # files that never have more
LOOKED_AT = 2000  # files of other kinds whose bits are looked at before the first is read
COMPARED = 1 << 26  # bytes of files by all of which they are known to be the same
T = TypeVar("T")


def read_pictures(path: Path, frame: Frame, span: Span | None, known: Known | None = None) -> DataSet:
    """All pictures, in the size and the channels of the frame; the size of the first one where it leaves that open.

    The classes are those of `known`, if it is given.

    Raises:
        SpecError: there is no such folder, it holds no classes, or some files are no pictures; all are named.
    """

    def fail(reason: str, advice: str = "make a folder of pictures for each class in it") -> NoReturn:
        refuse(path, reason, advice, span)

    if not path.is_dir():
        fail("there is no such folder", RELATIVE)
    parts = parts_of(path)
    with read_from(path, span):
        found = common_names(parts)
    classes = list(known.names("label")) if known and known.names("label") else found
    unknown = [name for name in found if name not in classes]
    if unknown:
        fail(f"the model does not know {', '.join(unknown)}", f"its classes are {', '.join(classes[:10])}")
    folders: list[Path] = []
    names: list[str] = []
    labels: list[int] = []
    counts: list[int] = []
    others: list[str] = []
    sizes: list[int] = []
    for part in parts.folders:
        before = len(names)
        for folder in folders_in(part):
            pictures, left = files_in(folder)
            if not pictures:
                fail(f"there are no pictures in {folder.relative_to(path).as_posix()}")
            folders.append(folder)
            names += pictures
            labels.append(classes.index(folder.name))
            counts.append(len(pictures))
            others += [f"{folder.name}/{name}" for name in left]
        sizes.append(len(names) - before)
    if len(names) < (1 if known else 2):
        fail(f"it holds {len(names)} pictures")
    frame = frame_of_file(folders[0] / names[0], frame)
    samples = PictureFiles(path, folders, counts, names, labels, frame)
    notes = (*parts.notes, *others_note(others))
    validated, tested = parts.held_out(sizes)
    return DataSet(path.name, samples, tuple(classes), frozenset({"image"}),
                   held_out=validated, tested=tested, notes=notes)  # fmt: skip


class PictureFiles(Samples):
    """The pictures of folders, each unpacked when it is asked for: bytes, unless some have more bits."""

    decoded = True

    def __init__(
        self,
        root: Path,
        folders: Sequence[Path],
        counts: Sequence[int],
        names: Sequence[str],
        labels: Sequence[int],
        frame: Frame,
    ) -> None:
        """Take the files as they are listed.

        Args:
            root: the folder of all.
            folders: one after the other.
            counts: the number of pictures in each.
            names: of the pictures in all of them.
            labels: the class of each folder.
            frame: the form that pictures are brought to.
        """
        self.root = root
        self.folders = [os.fspath(folder) for folder in folders]
        self.ends = np.cumsum(counts)
        self.names = Names(names)
        self.channels, self.extent = frame.channels or COLORS, (frame.height or 1, frame.width or 1)
        self.wide = self._any_wide(names)
        channels, extent = self.channels, self.extent
        form = (
            Form(torch.float32, (channels, *extent))
            if self.wide
            else Form(torch.uint8, (*extent, channels), WHITE, True)
        )
        self.known = {"label": torch.from_numpy(np.repeat(np.array(labels, np.int64), counts))}
        self.forms = {"image": form, "label": Form(torch.int64)}

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """The file of a sample."""
        return Path(self.folders[int(np.searchsorted(self.ends, index, side="right"))], self.names[index])

    def place(self, index: int) -> str:
        return self.path(index).relative_to(self.root).as_posix()

    def rows(self, indices: Indices) -> Rows:
        form = self.forms["image"]
        made = np.empty((len(indices), *form.sizes), np.float32 if self.wide else np.uint8)
        read = read_picture if self.wide else read_bytes
        for place, index in enumerate(indices):
            made[place] = read(self.path(int(index)), self.channels, self.extent)
        return {"image": torch.from_numpy(made), "label": self.known["label"][torch.from_numpy(indices)]}

    def identify(self, hashed: Hash) -> None:
        """By the names and sizes of the files; where they are small, by all that is in them."""
        hashed.update(f"{self.forms['image']}".encode())
        hashed.update(self.known["label"].numpy().tobytes())
        identify_files(self.folders, self.ends, self.names, hashed)

    def _any_wide(self, names: Sequence[str]) -> bool:
        """Whether some pictures have more than 8 bits; of very many, those that are looked at."""
        doubtful = [index for index, name in enumerate(names) if os.path.splitext(name)[1].lower() not in EIGHT_BITS]
        for place in np.linspace(0, len(doubtful) - 1, min(LOOKED_AT, len(doubtful))).astype(np.int64):
            with suppress(Unreadable), opened(self.path(doubtful[place])) as picture:
                if is_wide(picture):
                    return True
        return False


def identify_files(folders: Sequence[str], ends: Indices, names: Names, hashed: Hash) -> None:
    """Add to a hash the names and sizes of files; where they are small, also all that is in them.

    Args:
        folders: of the files, one after the other.
        ends: the number of files in each and those before it.
        names: of all files.
        hashed: the hash.
    """
    sizes = np.full(len(names), -1, np.int64)
    start = 0
    for folder, end in zip(folders, ends.tolist(), strict=True):
        for index in range(start, end):
            with suppress(OSError):
                sizes[index] = os.stat(f"{folder}/{names[index]}").st_size
        start = end
    hashed.update(sizes.tobytes())
    hashed.update(names.whole)
    if sizes.sum() <= COMPARED:
        start = 0
        for folder, end in zip(folders, ends.tolist(), strict=True):
            for index in range(start, end):
                with suppress(OSError):
                    hashed.update(Path(folder, names[index]).read_bytes())
            start = end


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
