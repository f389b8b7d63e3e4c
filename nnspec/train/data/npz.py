"""Data from a `.npz` file of numpy arrays, one a field. Pickles are refused, sizes are checked before reading."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.train.data.dataset import BYTES, DataSet
from nnspec.train.mistakes import BadData

CHANNELS = (1, 3, 4)


def read_npz(path: Path, span: Span | None) -> DataSet:
    """The arrays as fields; uint8 arrays of three or four dimensions are pictures.

    Raises:
        SpecError: the file is missing or damaged, or its arrays are no data set.
    """

    def fail(reason: str, advice: str = "write it with numpy.savez(path, image = ..., label = ...)") -> NoReturn:
        raise SpecError.of(BadData(span, str(path), reason, advice))

    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(member.file_size for member in archive.infolist())
        if total > BYTES:
            fail(f"it holds {total:,} bytes", f"a data set may take {BYTES:,}; make it smaller")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except FileNotFoundError:
        fail("there is no such file", "a path starts from the folder of the spec")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
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
        return torch.from_numpy(array.astype(np.float32))
    return None
