"""Many files of pictures, by their number, in little memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from nnspec.reading.pictures import is_wide, opened
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.names import Names
from nnspec.train.data.samples import Hash, Indices

EIGHT_BITS = (".jpg", ".jpeg", ".bmp", ".gif", ".webp")  # files that never have more
LOOKED_AT = 2000  # files of other kinds whose bits are looked at before the first is read
COMPARED = 1 << 26  # bytes of files by all of which they are known to be the same


class Files:
    """The files of folders, one folder after the other."""

    def __init__(self, folders: Sequence[Path], counts: Sequence[int], names: Names) -> None:
        """`counts` are the numbers of files in the folders, `names` those of all files."""
        self.folders = [os.fspath(folder) for folder in folders]
        self.ends = np.cumsum(counts)
        self.names = names
        self.wide = self._any_wide()

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        """The file of this number."""
        return Path(self.folders[int(np.searchsorted(self.ends, index, side="right"))], self.names[index])

    def paths(self, indices: Indices) -> Iterator[str]:
        """The files of some numbers."""
        folders = np.searchsorted(self.ends, indices, side="right")
        for folder, name in zip(folders.tolist(), self.names.some(indices), strict=True):
            yield f"{self.folders[folder]}/{name}"

    def identify(self, hashed: Hash) -> None:
        """By the names and sizes of the files; where they are small, by all that is in them."""
        sizes = np.full(len(self), -1, np.int64)
        folder, ends = 0, self.ends.tolist()
        for index, name in enumerate(self.names):
            while index >= ends[folder]:
                folder += 1
            with suppress(OSError):
                sizes[index] = os.stat(f"{self.folders[folder]}/{name}").st_size
        hashed.update(sizes.tobytes())
        hashed.update(self.names.whole)
        if sizes.sum() <= COMPARED:
            for index in range(len(self)):
                with suppress(OSError):
                    hashed.update(self.path(index).read_bytes())

    def _any_wide(self) -> bool:
        """Whether some pictures have more than 8 bits; of very many, those that are looked at."""
        kinds = (not name.lower().endswith(EIGHT_BITS) for name in self.names)
        doubtful = np.flatnonzero(np.fromiter(kinds, np.bool_, len(self)))
        for place in np.linspace(0, len(doubtful) - 1, min(LOOKED_AT, len(doubtful))).astype(np.int64):
            with suppress(Unreadable), opened(self.path(int(doubtful[place]))) as picture:
                if is_wide(picture):
                    return True
        return False
