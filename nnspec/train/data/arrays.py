"""Data from numpy's files, one array a field. Pickles are refused, sizes are checked before anything is read."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NoReturn

import numpy as np
import torch
from numpy.lib import format as npy
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import RELATIVE, need_room, refuse

CHANNELS = (1, 3, 4)
# What zipfile, zlib and numpy raise for files that are damaged, locked by a password or packed in another way.
DAMAGED = (
    OSError, ValueError, KeyError, EOFError, RuntimeError, MemoryError, TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
WRITE = "write it with numpy.savez(path, image = ..., label = ...)"


def read_arrays(path: Path, span: Span | None) -> DataSet:
    """The arrays as fields; uint8 arrays of three or four dimensions are pictures.

    Raises:
        SpecError: the file is missing or damaged, or its arrays are no data set.
    """

    def fail(reason: str, advice: str = WRITE) -> NoReturn:
        refuse(path, reason, advice, span)

    try:
        found = _arrays(path, span)
    except FileNotFoundError:
        fail("there is no such file", RELATIVE)
    except DAMAGED as error:
        fail(f"it cannot be read ({error})".replace("\n", " "))
    lengths = {name: array.shape[0] if array.ndim else 0 for name, array in found.items()}
    if not found or len(set(lengths.values())) > 1 or min(lengths.values()) < 2:
        shown = ", ".join(f"{name} {list(array.shape)}" for name, array in found.items()) or "no arrays"
        fail(f"its arrays must have one row for each of at least two samples, and it holds {shown}")
    fields, pictures = {}, set()
    for name, array in found.items():
        if array.dtype == np.uint8 and array.ndim in (3, 4):
            fields[name] = _pictures(array)
            pictures.add(name)
            continue
        made = _field(array)
        if made is None:
            fail(f"{name} has elements of type {array.dtype}", "use floats, integers or truth values")
        if made.is_floating_point() and not bool(torch.isfinite(made).all()):
            fail(f"{name} has values that are no finite numbers", "remove these samples")
        fields[name] = made
    return DataSet(path.name, fields, (), frozenset(pictures))


def _arrays(path: Path, span: Span | None) -> dict[str, NDArray[Any]]:
    """All arrays by name, once it is known that there is room for them."""
    need_room(path, sum(_bytes(file) for _, file in _files(path)), span)
    return {name: npy.read_array(file, allow_pickle=False) for name, file in _files(path)}


def _files(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Every array as a name and an open file: the members of an archive, the files of a folder, or one file."""
    if path.is_dir() or path.suffix == ".npy":
        for each in sorted(path.glob("*.npy")) if path.is_dir() else [path]:
            with each.open("rb") as file:
                yield each.stem, file
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as part:
                yield Path(member.filename).stem, part


def _bytes(file: IO[bytes]) -> int:
    """The memory of an array, as its header says; the room it takes as float32 or int64, if that is more."""
    major, _ = npy.read_magic(file)
    read: Any = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    size: int = math.prod(shape) * max(dtype.itemsize, 4)
    return size


def _pictures(array: NDArray[Any]) -> Tensor:
    """[N, H, W], [N, H, W, C] or [N, C, H, W] as [N, C, H, W] within 0 and 1."""
    pictures = torch.from_numpy(array).float().div_(255.0)
    if pictures.ndim == 3:
        return pictures.unsqueeze(1)
    if pictures.shape[1] not in CHANNELS and pictures.shape[3] in CHANNELS:
        return pictures.permute(0, 3, 1, 2).contiguous()
    return pictures


def _field(array: NDArray[Any]) -> Tensor | None:
    if array.dtype == np.bool_:
        return torch.from_numpy(array)
    if np.issubdtype(array.dtype, np.integer):
        return torch.from_numpy(array.astype(np.int64))
    if np.issubdtype(array.dtype, np.floating):
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused
            return torch.from_numpy(array.astype(np.float32))
    return None
