"""Demands of a model file on its inputs beyond their types: checked before it runs, since operators may not check them.

onnxruntime takes an index of -1 as the last row, and some of its kernels end the process where nothing is given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from nnspec.decode.continuation import PAST
from nnspec.diagnostics import SpecError
from nnspec.dims import Size
from nnspec.infer.metadata import NAMES, SIZES, stored
from nnspec.infer.mistakes import NotAPicture, RunFailed, SizeOutside
from nnspec.infer.ports import TensorPort
from nnspec.record import Record
from nnspec.weights.arrays import Array

BRIGHT = 16.0  # no float picture within 0 and 1, however it was changed, comes near this: these are bytes


class Demands(Record):
    """Pictures by the names of inputs, bounds of indices by those of inputs, bounds of sizes by symbols."""

    pictures: tuple[str, ...]
    below: dict[str, int]
    nothing: bool  # whether a size may be 0
    largest: dict[str, int]

    def value(self, port: TensorPort, array: Array) -> Array:
        """The values of an input as the model takes them.

        Raises:
            SpecError: they are none that it takes.
        """
        if port.name in self.pictures:
            return _picture(port, array)
        below = self.below.get(port.name)
        if below is not None and array.size and array.dtype.kind in "iu":
            for found in (int(array.min()), int(array.max())):
                if not 0 <= found < below:
                    reason = f"{port.name} holds the index {found}, and its table has rows from 0 to {below - 1}"
                    raise SpecError.of(RunFailed(None, reason))
        return array

    def sizes(self, known: Mapping[str, Size]) -> set[str]:
        """Check the sizes that the symbols have; returns those of which there is nothing, where one is the least.

        Raises:
            SpecError: one is more than the model takes.
        """
        empty = {name for name, size in known.items() if size == 0 and not self.nothing}
        for name, size in known.items():
            high = self.largest.get(name)
            if isinstance(size, int) and high is not None and size > high:
                raise SpecError.of(SizeOutside(None, name, size, high))
        return empty


def demands(metadata: Mapping[str, str], inputs: Collection[str]) -> Demands:
    """The demands in the metadata of a file with these inputs; none for a file that nnspec has not written.

    In the beginning there is nothing of the past that a model for decoding takes.
    """
    below, largest = (stored(metadata, f"nnspec.{key}", SIZES) or {} for key in ("below", "largest"))
    pictures = stored(metadata, "nnspec.pictures", NAMES) or []
    nothing = "nnspec.version" not in metadata or any(name.startswith(PAST) for name in inputs)
    return Demands(tuple(pictures), below, nothing, largest)


def _picture(port: TensorPort, array: Array) -> Array:
    """Values from 0 to 1: unsigned integers are parts of their greatest value, as in files of pictures."""
    if array.dtype.kind == "u":
        return np.asarray(array / np.float32(np.iinfo(array.dtype).max), np.float32)
    if array.size and array.dtype.kind in "if" and float(np.nanmax(array)) > BRIGHT:
        raise SpecError.of(NotAPicture(None, port.name, float(np.nanmax(array))))
    return array
