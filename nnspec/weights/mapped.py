"""The tensors of a safetensors file, each mapped into memory while somebody holds it.

What is let go leaves memory again, so that a model is read in the memory of its largest tensor, whatever its size.
"""

from __future__ import annotations

import json
import mmap
import struct
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from nnspec.weights.arrays import Array, Stored

# NumPy's types for those of safetensors; bfloat16, which NumPy has not, is read as the upper half of a float32.
_ELEMENTS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?",
}  # fmt: skip


def map_safetensors(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    """The tensors and the metadata of a file.

    Raises:
        SafetensorError: the file is damaged.
        OSError: it cannot be opened.
    """
    with safe_open(path, framework="numpy") as file:  # it holds the header to its rules: types, sizes, places
        metadata = dict(file.metadata() or {})
    with path.open("rb") as content:
        (length,) = struct.unpack("<Q", content.read(8))
        header: dict[str, Any] = json.loads(content.read(length))
    entries = {key: entry for key, entry in header.items() if key != "__metadata__"}
    return {key: _stored(path, 8 + length, entry) for key, entry in entries.items()}, metadata


def _stored(path: Path, start: int, entry: dict[str, Any]) -> Stored:
    shape, dtype = tuple(entry["shape"]), entry["dtype"]
    return Stored(shape, dtype, partial(_read, path, dtype, shape, start + entry["data_offsets"][0]))


def _read(path: Path, dtype: str, shape: tuple[int, ...], offset: int) -> Array:
    """The array; it cannot be written to.

    Raises:
        ValueError: NumPy has no such elements (8-bit floats).
    """
    if dtype not in _ELEMENTS:
        raise ValueError(f"elements of type {dtype} cannot be read")
    if not prod(shape):
        return np.empty(shape, np.float32 if dtype == "BF16" else _ELEMENTS[dtype])
    element = np.dtype(_ELEMENTS[dtype])
    start = offset - offset % mmap.ALLOCATIONGRANULARITY
    with path.open("rb") as file:
        length = offset - start + element.itemsize * prod(shape)
        mapped = _mapped(file.fileno(), length, start)
    array = np.frombuffer(mapped, element, prod(shape), offset - start).reshape(shape)
    return _from_bfloat16(array) if dtype == "BF16" else array


def _mapped(handle: int, length: int, start: int) -> mmap.mmap:
    """A part of a file; on Linux with all of its pages at once, which takes a third less time than one by one."""
    if hasattr(mmap, "MAP_POPULATE"):
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        return mmap.mmap(handle, length, flags=flags, prot=mmap.PROT_READ, offset=start)
    return mmap.mmap(handle, length, access=mmap.ACCESS_READ, offset=start)


def _from_bfloat16(bits: Array) -> Array:
    """The float32 numbers whose upper halves these 16-bit integers are."""
    wide: Array = bits.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)
