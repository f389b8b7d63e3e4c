"""Values that are written to files beside the runs and mapped into memory: of what is too large to be held, or streams.

The files are gone with the samples that are read from them, or with the process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from weakref import finalize

import numpy as np

from nnspec.output import cannot_write
from nnspec.reading.arrays import Array
from nnspec.reading.unreadable import Unreadable
from nnspec.train.lock import is_left, keep, let_go
from nnspec.train.supply import Supply

FOLDER = ".spooled"  # beside the runs
YOUNG = 60.0  # seconds in which a folder may not yet be that of its process
LARGE = 1 << 26  # bytes from which on values are written to files; what --memory has room for is read from there
ALIKE = "bring all samples to one shape and type: pad sequences, resize pictures"


def is_large(size: int) -> bool:
    """Whether so many bytes are written to files."""
    return size > LARGE


class Spool:
    """Fields that grow, a file each."""

    def __init__(self, supply: Supply, name: str, why: str = "it is large") -> None:
        """Make a folder.

        Args:
            supply: where it is made, and who is told.
            name: of the data.
            why: it is not held in memory.

        Raises:
            SpecError: it cannot be made.
        """
        self.folder = place = supply.beside / FOLDER
        with self._writing():
            place.mkdir(parents=True, exist_ok=True)
            _clean(place)
            self.folder = Path(tempfile.mkdtemp(dir=place))
        self.handle = keep(self.folder)
        self.remove = finalize(self, _remove, self.folder, self.handle, os.getpid())
        self.files: dict[str, IO[bytes]] = {}
        self.forms: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {}
        self.counts: dict[str, int] = {}
        supply.say(f"{name}: {why}, and written to {self.folder} until this ends")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_write(self.folder, error) from None

    def add(self, field: str, rows: Array) -> None:
        """Add the values of some samples.

        Raises:
            Unreadable: they are not like those before.
            SpecError: they cannot be written.
        """
        if field not in self.files:
            with self._writing():
                self.files[field] = (self.folder / str(len(self.files))).open("wb")
            self.forms[field], self.counts[field] = (rows.dtype, rows.shape[1:]), 0
        dtype, sizes = self.forms[field]
        if rows.shape[1:] != sizes or (rows.dtype != dtype and not rows.dtype.kind == dtype.kind == "f"):
            found, first = ([*each.shape[1:], str(each.dtype)] for each in (rows, np.empty((0, *sizes), dtype)))
            shown = f"{found[:-1]} of {found[-1]}, and of the first {first[:-1]} of {first[-1]}"
            raise Unreadable(f"{field} of sample {self.counts[field]} or one behind it is {shown}", ALIKE)
        with self._writing():
            self.files[field].write(np.ascontiguousarray(rows, dtype).reshape(-1).view(np.uint8).data)
        self.counts[field] += len(rows)

    def arrays(self) -> Mapping[str, Array]:
        """All values by field, mapped; nothing is added after that.

        Raises:
            SpecError: they cannot be written.
        """
        with self._writing():
            for file in self.files.values():
                file.close()
        made: dict[str, Array] = {}
        for number, (field, (dtype, sizes)) in enumerate(self.forms.items()):
            shape = (self.counts[field], *sizes)
            empty = 0 in shape
            made[field] = (
                np.empty(shape, dtype) if empty else np.memmap(self.folder / str(number), dtype, "c", 0, shape)
            )
        return made

    def last_as_long_as(self, samples: object) -> None:
        """Keep the files for as long as something is read from them."""
        self.remove.detach()
        finalize(samples, _remove, self.folder, self.handle, os.getpid())


def _remove(folder: Path, handle: int | None, process: int) -> None:
    if os.getpid() == process:  # not in a process that was forked off
        shutil.rmtree(folder, ignore_errors=True)
        let_go(handle)


def _clean(place: Path) -> None:
    """Remove what processes that were killed have left."""
    for folder in place.iterdir():
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > YOUNG and is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)
