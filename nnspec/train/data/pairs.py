"""Pictures that belong together: one folder a field, one name a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray

from nnspec.diagnostics import Span
from nnspec.reading.folders import common_names, files_in, others_in, parts_of
from nnspec.reading.pictures import read_classes, read_into
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, instead, read_from, refuse
from nnspec.train.data.files import Files
from nnspec.train.data.names import Names
from nnspec.train.data.pictures import COLORS, WHITE, frame_of_file
from nnspec.train.data.samples import Decoded, Form, Hash, Indices, Rows

_CLASSES = 20  # the largest number of a class that no folder of pictures has as its brightest grey
DARK = 64  # pictures of a field by which it is told whether they are greys


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
    counts: list[int] = []
    listed: dict[str, list[str]] = {name: [] for name in names}
    for part in parts.folders:
        files = {name: _files(part / name) for name in names}
        stems = sorted(set().union(*files.values()))
        alone = [f"{name}/{stem}" for stem in stems for name in names if stem not in files[name]]
        if alone:
            fail(f"these are missing: {', '.join(alone[:5])}")
        for name in names:
            listed[name] += [files[name][stem] for stem in stems]
        counts.append(len(stems))
    if len(names) < 2 or sum(counts) < 2 or not all(counts):
        fail("it holds no two fields of two pictures each")
    fields = {
        name: Files([part / name for part in parts.folders], counts, Names(found)) for name, found in listed.items()
    }
    samples = PairFiles(path, fields, labels, frame_of_file(fields[names[0]].path(0), frame))
    for name in (each for each in names if each not in labels):
        brightest = samples.brightest(name)
        if 0 < brightest <= _CLASSES:
            fail(f"nothing in the pictures of {name} is brighter than {brightest} of 255: these are classes, not greys",
                 f'write labels = ["{name}"], by which each value is the class of its pixel')  # fmt: skip
    notes = (*parts.notes, *others_in([part / name for part in parts.folders for name in names]))
    validated, tested = parts.held_out(counts)
    return DataSet(path.name, samples, (), frozenset(names) - frozenset(labels), frozenset(labels),
                   held_out=validated, tested=tested, notes=notes)  # fmt: skip


class PairFiles(Decoded):
    """The pictures of several fields, unpacked when they are asked for; classes are the numbers of their pixels."""

    def __init__(self, root: Path, fields: Mapping[str, Files], labels: Sequence[str], frame: Frame) -> None:
        """Take the files as they are listed.

        Args:
            root: the folder of all.
            fields: the files of each field.
            labels: the fields of classes.
            frame: the form that pictures are brought to.
        """
        self.root = root
        self.fields = dict(fields)
        self.labels = frozenset(labels)
        self.channels, self.extent = frame.channels or COLORS, (frame.height or 1, frame.width or 1)
        self.forms = {name: self._form(name, files.wide) for name, files in fields.items()}

    def _form(self, name: str, wide: bool) -> Form:
        if name in self.labels:
            return Form(torch.int32 if wide else torch.uint8, self.extent)
        if wide:
            return Form(torch.float32, (self.channels, *self.extent))
        return Form(torch.uint8, (*self.extent, self.channels), WHITE, channels_last=True)

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def place(self, index: int) -> str:
        paths = [files.path(index).relative_to(self.root).as_posix() for files in self.fields.values()]
        return " or ".join(paths)

    def fill(self, indices: Indices, rows: Rows) -> None:
        for name in self.fields:
            self._read(name, indices, rows[name].numpy())

    def _read(self, name: str, indices: Indices, made: NDArray[Any]) -> None:
        """Pictures, or the classes of some, put into an array."""
        files = self.fields[name]
        if name not in self.labels:
            read_into(made, files.paths(indices), self.channels, self.extent)
            return
        for row, path in enumerate(files.paths(indices)):
            classes = read_classes(path, self.extent)
            if not files.wide and int(classes.max()) > WHITE:
                raise Unreadable("it has more classes than the first ones can", "save all of them alike")
            made[row] = classes

    def brightest(self, name: str) -> int:
        """The brightest grey of a field, of 255, in the pictures that are looked at."""
        brightest = 0
        form = self.forms[name]
        made = torch.empty((1, *form.sizes), dtype=form.dtype).numpy()
        for index in np.linspace(0, len(self) - 1, min(DARK, len(self))).astype(np.int64):
            with suppress(Unreadable):
                self._read(name, np.array([index]), made)
                brightest = max(brightest, round(float(made.max()) * (255 if self.fields[name].wide else 1)))
        return brightest

    def identify(self, hashed: Hash) -> None:
        for name, files in self.fields.items():
            hashed.update(f"{name} {self.forms[name]}".encode())
            files.identify(hashed)


def _files(folder: Path) -> dict[str, str]:
    """The pictures of a field by their names without endings."""
    return {Path(name).stem: name for name in files_in(folder)[0]}
