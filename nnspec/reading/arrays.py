"""Arrays from numpy's files. Pickles are refused, and what a header says is checked before anything is unpacked."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nnspec.reading.room import check_room
from nnspec.reading.unreadable import FETCH, MISSING, Unreadable
from nnspec.record import Record

Array = NDArray[Any]

SAVE = "write it again: numpy.save(path, array), or numpy.savez(path, image = ..., label = ...)"
PLAIN = "biuf"  # the kinds of elements that are read: truth values, whole numbers, floats
MAPPED = 1 << 26  # bytes of arrays from which on they are mapped into memory
LEAST = 4  # bytes that an element takes as float32 or int64, at least
ENCRYPTED = 0x1  # the bit of a member's flags
WHITE: dict[Any, int] = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65_535}  # of pictures
CHANNELS = (1, 3, 4)


class Header(Record):
    """The header of a .npy file: the type and shape of its array."""

    shape: tuple[int, ...]
    columns_first: bool  # in Fortran's order
    dtype: Any

    @property
    def bytes(self) -> int:
        """The number of bytes of its elements."""
        return math.prod(self.shape) * int(self.dtype.itemsize)


def read_arrays(path: Path) -> dict[str, Array]:
    """All arrays by name: of an archive (.npz), of the files in a folder, or that of a file (.npy) by the file's name.

    Raises:
        Unreadable: there is no such file; it is damaged, protected or too large; or it holds something else.
    """
    headers: dict[str, Header] = {}
    with _telling():
        for name, file, size in _files(path):
            if name in headers:
                raise Unreadable(f"it holds two arrays called {name}", SAVE)
            headers[name] = _header(name, file, size)
        need = sum(math.prod(each.shape) * max(LEAST, each.dtype.itemsize) for each in headers.values())
        check_room(need, path.stat().st_size if _is_archive(path) else None)
        arrays = {name: npy.read_array(file, allow_pickle=False) for name, file, _ in _files(path)}
    return {name: np.asarray(array, array.dtype.newbyteorder("=")) for name, array in arrays.items()}


def map_arrays(path: Path) -> dict[str, Array] | None:
    """The arrays of a file (.npy) or of the files in a folder, mapped into memory; None where they are small or packed.

    Raises:
        Unreadable: there is no such file, or one is damaged or holds something else.
    """
    if _is_archive(path):
        return None
    with _telling():
        headers = [(name, _header(name, file, size)) for name, file, size in _files(path)]
        if sum(header.bytes for _, header in headers) <= MAPPED or any(
            header.columns_first or not header.dtype.isnative for _, header in headers
        ):
            return None
        files = sorted(path.glob("*.npy")) if path.is_dir() else [path]
        return {file.stem: np.load(file, mmap_mode="r", allow_pickle=False) for file in files}


def _is_archive(path: Path) -> bool:
    return path.suffix.lower() != ".npy" and not path.is_dir()


@contextmanager
def _telling() -> Iterator[None]:
    """Turn the errors of zipfile, zlib and numpy into words that do not advise to unpickle the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # headers of Python 2
            yield
    except Unreadable:
        raise
    except FileNotFoundError:
        raise Unreadable(MISSING, "check the path") from None
    except zipfile.BadZipFile:
        raise Unreadable("it cannot be read as .npz: it is another file, or damaged", SAVE) from None
    except NotImplementedError:
        raise Unreadable("it is packed in a way that cannot be read", SAVE) from None
    except MemoryError:
        raise Unreadable("there is not enough memory for it", "make it smaller") from None
    except OSError as error:
        raise Unreadable(f"it cannot be read ({(error.strerror or 'damaged').lower()})", FETCH) from None
    except Exception:  # damaged files make numpy, zipfile and zlib fail in every way there is
        raise Unreadable("it is damaged", FETCH) from None


def _files(path: Path) -> Iterator[tuple[str, IO[bytes], int]]:
    """Every array as a name, an open file and its size: members of an archive, files of a folder, or one file."""
    if not _is_archive(path):
        for each in sorted(path.glob("*.npy")) if path.is_dir() else [path]:
            with each.open("rb") as file:
                yield each.stem, file, each.stat().st_size
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.flag_bits & ENCRYPTED:
                raise Unreadable("it is protected by a password", SAVE)
            with archive.open(member) as part:
                yield member.filename.removesuffix(".npy"), part, member.file_size


def _header(name: str, file: IO[bytes], size: int) -> Header:
    """The header of an array, which must agree with the size of its file.

    Raises:
        Unreadable: it is none, or of elements that are no numbers.
    """
    try:
        major, _ = npy.read_magic(file)
        read: Any = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
        header = Header(*read(file))
    except Exception:  # numpy parses it as Python, which damaged ones break in every way there is
        raise Unreadable(f"{name} has no header of a .npy file, or a damaged one", SAVE) from None
    if header.dtype.kind not in PLAIN or header.dtype.names is not None:
        kind = "Python objects" if header.dtype.hasobject else f"elements of type {header.dtype}"
        raise Unreadable(f"{name} holds {kind}", "use floats, integers or truth values")
    held = size - file.tell()
    if any(type(extent) is not int or extent < 0 for extent in header.shape) or header.bytes != held:
        shown = ", ".join(map(str, header.shape))
        raise Unreadable(f"{name} is to have the shape [{shown}] of {header.dtype}, and has {held:,} bytes", SAVE)
    return header


def may_be_pictures(array: Array) -> bool:
    """Whether an array may hold pictures: [N, H, W], [N, C, H, W] or [N, H, W, C] of 8 or 16 bits without a sign."""
    return array.dtype in WHITE and array.ndim in (3, 4)


def as_pictures(array: Array) -> NDArray[np.float32]:
    """Such an array as [N, C, H, W] within 0 and 1."""
    scaled = np.divide(_channels_first(array), np.float32(WHITE[array.dtype]), dtype=np.float32)
    return np.ascontiguousarray(scaled)


def _channels_first(array: Array) -> Array:
    if array.ndim == 3:
        return array[:, None]
    last = array.shape[1] not in CHANNELS and array.shape[3] in CHANNELS
    return array.transpose(0, 3, 1, 2) if last else array
