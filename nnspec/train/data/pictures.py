"""Data from a folder with one folder of pictures for each class; the folders' names, sorted, are the classes."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import torch

from nnspec.diagnostics import Span
from nnspec.reading.folders import common_names, files_in, folders_in, others_note, parts_of
from nnspec.reading.pictures import extent_of, read_into
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, read_from, refuse
from nnspec.train.data.files import Files
from nnspec.train.data.known import Known
from nnspec.train.data.names import Names
from nnspec.train.data.samples import Decoded, Form, Hash, Indices, Rows

COLORS = 3
WHITE = 255


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
    listed: list[Names] = []
    labels: list[int] = []
    counts: list[int] = []
    others: list[str] = []
    sizes: list[int] = []
    for part in parts.folders:
        before = sum(counts)
        for folder in folders_in(part):
            pictures, left = files_in(folder)
            if not pictures:
                fail(f"there are no pictures in {folder.relative_to(path).as_posix()}")
            folders.append(folder)
            listed.append(Names(pictures))
            labels.append(classes.index(folder.name))
            counts.append(len(pictures))
            others += [f"{folder.name}/{name}" for name in left]
        sizes.append(sum(counts) - before)
    names = Names.joined(listed)
    if len(names) < (1 if known else 2):
        fail(f"it holds {len(names)} pictures")
    frame = frame_of_file(folders[0] / names[0], frame)
    each = np.repeat(np.array(labels, np.int64), counts)
    samples = PictureFiles(path, Files(folders, counts, names), each, frame)
    notes = (*parts.notes, *others_note(others))
    validated, tested = parts.held_out(sizes)
    return DataSet(path.name, samples, tuple(classes), frozenset({"image"}),
                   held_out=validated, tested=tested, notes=notes)  # fmt: skip


class PictureFiles(Decoded):
    """The pictures of folders, each unpacked when it is asked for: bytes, unless some have more bits."""

    def __init__(
        self,
        root: Path,
        files: Files,
        labels: Indices,
        frame: Frame,
    ) -> None:
        """Take the files as they are listed.

        Args:
            root: the folder of all.
            files: of the pictures.
            labels: the class of each.
            frame: the form that pictures are brought to.
        """
        self.root = root
        self.files = files
        self.channels, self.extent = frame.channels or COLORS, (frame.height or 1, frame.width or 1)
        channels, extent = self.channels, self.extent
        form = (
            Form(torch.float32, (channels, *extent))
            if files.wide
            else Form(torch.uint8, (*extent, channels), WHITE, True)
        )
        self.known = {"label": torch.from_numpy(labels)}
        self.forms = {"image": form, "label": Form(torch.int64)}

    def __len__(self) -> int:
        return len(self.files)

    def place(self, index: int) -> str:
        return self.files.path(index).relative_to(self.root).as_posix()

    def fill(self, indices: Indices, rows: Rows) -> None:
        read_into(rows["image"].numpy(), self.files.paths(indices), self.channels, self.extent)
        rows["label"].copy_(self.known["label"][torch.from_numpy(indices)])

    def identify(self, hashed: Hash) -> None:
        hashed.update(f"{self.forms['image']}".encode())
        hashed.update(self.known["label"].numpy().tobytes())
        self.files.identify(hashed)


def frame_of_file(file: Path, frame: Frame) -> Frame:
    """The frame with the size of a picture; a damaged one is reported when it is read."""
    if frame.height is not None and frame.width is not None:
        return frame
    try:
        height, width = extent_of(file)
    except Unreadable:
        height, width = 1, 1
    return Frame(frame.channels, frame.height or height, frame.width or width)
