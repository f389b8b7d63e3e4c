"""Arrays of files that are mapped into memory: what is read of them is read when it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from nnspec.reading.arrays import CHANNELS, WHITE, Array
from nnspec.reading.unreadable import Unreadable
from nnspec.train.data.samples import Form, Hash, Indices, Rows, Samples

COMPARED = 1 << 26  # bytes of an array by all of which it is known to be the same
RENEWED = 256  # samples after which files are mapped anew
LOOKED_AT = 64  # samples of a larger one


class Mapped(Samples):
    """Arrays of one length, in the type that they have in their files."""

    def __init__(
        self, arrays: Mapping[str, Array], pictures: frozenset[str], named: Callable[[int], str] | None = None
    ) -> None:
        """Take arrays as fields.

        Args:
            arrays: of one length.
            pictures: those that are whole numbers of which the greatest is white.
            named: says the place of a sample.
        """
        self.named = named
        self.mapped = dict(arrays)
        self.pictures = pictures
        self._map()
        self.forms = {name: _form(array, name in pictures) for name, array in self.arrays.items()}
        self.floats = [name for name, array in self.arrays.items() if array.dtype.kind == "f"]
        self.checked = np.zeros(len(self) if self.floats else 0, np.bool_)
        self.known = {name: torch.from_numpy(_held(array)) for name, array in self.arrays.items() if array.ndim == 1}

    def _map(self) -> None:
        """Map the files anew: what was read of them counts as memory of this process no longer."""
        for name, array in self.mapped.items():
            if isinstance(array, np.memmap) and array.filename is not None:
                self.mapped[name] = np.memmap(array.filename, array.dtype, "r", array.offset, array.shape)
        self.arrays = {name: _without_channel(array, name in self.pictures) for name, array in self.mapped.items()}
        self.read = 0  # samples since then

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def place(self, index: int) -> str:
        return super().place(index) if self.named is None else self.named(index)

    def rows(self, indices: Indices) -> Rows:
        self.read += len(indices)
        if self.read > RENEWED:
            self._map()
        found = {name: np.asarray(array[indices]) for name, array in self.arrays.items()}
        self._check(indices, found)
        return {name: torch.from_numpy(array) for name, array in found.items()}

    def _check(self, indices: Indices, found: Mapping[str, Array]) -> None:
        """Check that samples are of finite numbers, when they are read for the first time.

        Raises:
            Unreadable: some are not.
        """
        new = np.flatnonzero(~self.checked[indices]) if self.floats else np.empty(0, np.int64)
        if not len(new):
            return
        for name in self.floats:
            with np.errstate(over="ignore"):  # what is too large for float32 is infinite there
                finite = np.isfinite(found[name][new].astype(np.float32))
            odd = np.flatnonzero(~finite.reshape(len(new), -1).all(1))
            if len(odd):
                first = self.place(int(indices[new[odd[0]]]))
                reason = f"{name} has values that are no finite numbers, the first in {first}"
                raise Unreadable(reason, "remove these samples")
        self.checked[indices[new]] = True

    def identify(self, hashed: Hash) -> None:
        for name, array in sorted(self.arrays.items()):
            hashed.update(f"{name} {array.dtype} {array.shape}".encode())
            places = np.linspace(0, len(array) - 1, LOOKED_AT).astype(np.int64)
            for part in [array] if array.nbytes <= COMPARED else (array[place] for place in places):
                hashed.update(np.ascontiguousarray(part).tobytes())


def _held(array: Array) -> Array:
    return np.array(array) if isinstance(array, np.memmap) else array


def _without_channel(array: Array, picture: bool) -> Array:
    """Maps of classes have no channels; pictures without get one."""
    if picture:
        return array[:, None] if array.ndim == 3 else array
    if array.ndim == 4 and array.dtype.kind in "bui" and 1 in (array.shape[1], array.shape[3]):
        return array[:, 0] if array.shape[1] == 1 else array[..., 0]
    return array


def _form(array: Array, picture: bool) -> Form:
    sizes = tuple(array.shape[1:])
    dtype = torch.from_numpy(np.empty(0, array.dtype)).dtype
    if not picture:
        return Form(dtype, sizes, whole=array.dtype == np.bool_ and array.ndim > 2)
    last = sizes[0] not in CHANNELS and sizes[2] in CHANNELS
    return Form(dtype, sizes, WHITE[array.dtype], last)
