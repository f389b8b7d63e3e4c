"""Samples in tar files, in the layout of WebDataset: files of one name but for their endings are one sample.

The heads of the files inside are looked at once; then a sample is read where it lies. Shards come in an order of their
own in each epoch, and are read one after the other (`nnspec/train/order.py`).
"""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray
from torch import Tensor

from nnspec.reading.folders import SUFFIXES
from nnspec.reading.pictures import is_wide, opened, read_into
from nnspec.reading.unreadable import FETCH, Unreadable
from nnspec.recipe.data import Shards as Choice
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, read_from, refuse
from nnspec.train.data.names import Names
from nnspec.train.data.pictures import COLORS, WHITE
from nnspec.train.data.place import Place
from nnspec.train.data.samples import Decoded, Form, Hash, Indices, Rows

LABEL = "cls"  # the ending of a file with the number of a class
ARRAY = "npy"
LAYOUT = "name the files of a sample alike: 000017.jpg and 000017.cls"
Span64 = NDArray[np.int64]


class TarFiles(Decoded):
    """The samples of tar files: pictures, arrays, and labels."""

    def __init__(self, paths: Sequence[Path], frame: Frame, buffer: int, place: Place) -> None:
        """Look at the heads of all files.

        Args:
            paths: the shards.
            frame: the form that pictures are brought to.
            buffer: the number of samples that are mixed.
            place: who is told.

        Raises:
            Unreadable: a shard is damaged, or its samples are not of one kind.
        """
        self.paths = tuple(map(os.fspath, paths))
        self.buffer = buffer
        self.files: dict[int, int] = {}  # those that this process has open, by the number of a shard
        self.process = os.getpid()
        counts, keys, found = [], [], []
        for number, path in enumerate(paths):
            names, spans, endings = _contents(path)
            found.append((spans, endings))
            counts.append(len(names))
            keys += names
            place.supply.reading(number, len(paths))
        place.supply.reading(len(paths), len(paths))
        self.shards = counts
        self.ends = np.cumsum(counts)
        self.names = Names(keys)
        kinds = found[0][1]
        if any(endings != kinds for _, endings in found):
            raise Unreadable("its shards do not hold the same kinds of files", LAYOUT)
        self.spans = {ending: np.concatenate([spans[ending] for spans, _ in found]) for ending in kinds}
        self.picture = next((each for each in kinds if f".{each.rpartition('.')[2]}" in SUFFIXES), None)
        self.arrays = {each: _field(each) for each in kinds if each.rpartition(".")[2] == ARRAY}
        used = {self.picture, LABEL, *self.arrays}
        self.left = tuple(each for each in kinds if each not in used)
        self.forms: dict[str, Form] = {}
        if self.picture is not None:
            self.wide, self.frame = self._looked_at(frame)
            channels, extent = self.frame.channels or COLORS, (self.frame.height or 1, self.frame.width or 1)
            bytes = Form(torch.uint8, (*extent, channels), WHITE, channels_last=True)
            self.forms["image"] = Form(torch.float32, (channels, *extent)) if self.wide else bytes
        for ending, field in self.arrays.items():
            array = _array(self._content(ending, 0))
            self.forms[field] = Form(torch.from_numpy(np.empty(0, array.dtype)).dtype, array.shape)
        self.known: dict[str, Tensor] = {}
        if LABEL in kinds:
            self.known["label"] = torch.from_numpy(self._labels())
            self.forms["label"] = Form(torch.int64)

    def __len__(self) -> int:
        return len(self.names)

    def place(self, index: int) -> str:
        return f"{Path(self.paths[self._shard(index)]).name}, {self.names[index]}"

    def fill(self, indices: Indices, rows: Rows) -> None:
        if self.picture is not None:
            channels, extent = self.frame.channels or COLORS, (self.frame.height or 1, self.frame.width or 1)
            files = (io.BytesIO(self._content(self.picture, index)) for index in indices.tolist())
            read_into(rows["image"].numpy(), files, channels, extent)
        for ending, field in self.arrays.items():
            made = rows[field].numpy()
            for row, index in enumerate(indices.tolist()):
                array = _array(self._content(ending, index))
                if (array.shape, array.dtype) != (made.shape[1:], made.dtype):
                    reason = f"its {ending} has another shape or type than the first one"
                    raise Unreadable(reason, "bring all to one shape and type")
                made[row] = array
        for name, tensor in self.known.items():
            rows[name].copy_(tensor[torch.from_numpy(indices)])

    def identify(self, hashed: Hash) -> None:
        hashed.update(f"{self.forms} {self.shards}".encode())
        hashed.update(self.names.whole)
        for ending, spans in self.spans.items():
            hashed.update(ending.encode())
            hashed.update(spans.tobytes())

    def _shard(self, index: int) -> int:
        return int(np.searchsorted(self.ends, index, side="right"))

    def _content(self, ending: str, index: int) -> bytes:
        """A file of a sample."""
        if self.process != os.getpid():  # files that were opened before this process was forked off are its parent's
            self.files, self.process = {}, os.getpid()
        shard = self._shard(index)
        start, size = self.spans[ending][index].tolist()
        try:
            if shard not in self.files:
                self.files[shard] = os.open(self.paths[shard], os.O_RDONLY)
            content = os.pread(self.files[shard], size, start)
        except OSError as error:
            raise Unreadable(f"it cannot be read ({(error.strerror or 'damaged').lower()})", FETCH) from None
        if len(content) < size:
            raise Unreadable("its shard ends before it", FETCH)
        return content

    def _labels(self) -> NDArray[np.int64]:
        labels = np.empty(len(self), np.int64)
        for index in range(len(self)):
            text = self._content(LABEL, index).strip()
            if not text.isdigit():
                raise Unreadable(f"{self.place(index)}.{LABEL} is no number of a class", "write 0, 1, 2, ...")
            labels[index] = int(text)
        return labels

    def _looked_at(self, frame: Frame) -> tuple[bool, Frame]:
        """Whether the first picture has more than 8 bits, and the frame with its size."""
        assert self.picture is not None
        content = self._content(self.picture, 0)
        with opened(io.BytesIO(content)) as picture:
            wide = is_wide(picture)
            return wide, Frame(frame.channels, frame.height or picture.height, frame.width or picture.width)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "files": {}}


def read_shards(choice: Choice, frame: Frame, place: Place) -> DataSet:
    """`image`, `label`, and a field for each array, of the tar files of a pattern.

    Raises:
        SpecError: there are none, or they are damaged.
    """
    path = place.base / choice.path
    paths = sorted(map(Path, glob(str(path / "*.tar") if path.is_dir() else str(path))))

    def fail(reason: str, advice: str = LAYOUT) -> NoReturn:
        refuse(path, reason, advice, place.span)

    if not paths:
        fail("there are no such files", RELATIVE)
    with read_from(path, place.span):
        samples = TarFiles(paths, frame, choice.buffer, place)
    if len(samples) < 2 or not samples.forms.keys() - {"label"}:
        fail(f"it holds {len(samples)} samples of {', '.join(samples.spans) or 'nothing'}")
    left = (f"files that are left out: .{', .'.join(samples.left)}",) if samples.left else ()
    notes = (f"{len(paths)} shards; {choice.buffer:,} samples are mixed at a time, and held out is the end", *left)
    return DataSet(
        path.name, samples, _classes(samples), frozenset({"image"} & samples.forms.keys()), in_order=True, notes=notes
    )


def _classes(samples: TarFiles) -> tuple[str, ...]:
    labels = samples.known.get("label")
    return tuple(map(str, range(int(labels.max()) + 1))) if labels is not None and len(labels) else ()


def _contents(path: Path) -> tuple[list[str], dict[str, Span64], frozenset[str]]:
    """The names of the samples in a shard, where the files of each lie, and the endings of these files.

    Raises:
        Unreadable: it is no tar file, is packed, or a sample lacks a file that others have.
    """
    keys: list[str] = []
    found: dict[str, list[tuple[int, int]]] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                folder, _, name = member.name.rpartition("/")
                stem, dot, ending = name.partition(".")
                if not member.isreg() or not stem or not dot:
                    continue
                key = f"{folder}/{stem}" if folder else stem
                if not keys or keys[-1] != key:
                    keys.append(key)
                found.setdefault(ending.lower(), []).append((member.offset_data, member.size))
                archive.members = []  # type: ignore[attr-defined]  # it keeps all of them otherwise
    except tarfile.TarError as error:
        raise Unreadable(f"{path.name} is no tar file, or a packed one ({error})", "pack shards without gzip") from None
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read ({(error.strerror or 'damaged').lower()})", FETCH) from None
    lacking = next((ending for ending, spans in found.items() if len(spans) != len(keys)), None)
    if lacking is not None:
        reason = f"{path.name} has {len(keys):,} samples, and {len(found[lacking]):,} files .{lacking}"
        raise Unreadable(reason, "give every sample the same kinds of files, one after the other")
    spans = {ending: np.array(each, np.int64).reshape(-1, 2) for ending, each in found.items()}
    return keys, spans, frozenset(found)


def _field(ending: str) -> str:
    """The field of an array: `x` of 7.x.npy, and `features` of 7.npy."""
    return ending.rpartition(".")[0].replace(".", "_") or "features"


def _array(content: bytes) -> NDArray[Any]:
    """An array of the numpy format.

    Raises:
        Unreadable: it is none.
    """
    try:
        return np.asarray(npy.read_array(io.BytesIO(content), allow_pickle=False))
    except Exception:  # damaged files make numpy fail in every way there is
        raise Unreadable("an array in it is damaged, or holds Python objects", FETCH) from None
