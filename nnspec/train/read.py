"""Which reader reads which data set."""

from __future__ import annotations

from pathlib import Path

from nnspec.diagnostics import Span
from nnspec.elaborate.choices import Data, Digits, Images, Npz
from nnspec.train.dataset import DataSet, Frame, resized
from nnspec.train.digits import read_digits
from nnspec.train.npz import read_npz
from nnspec.train.pictures import read_pictures


def read(data: Data, base: Path, frame: Frame, span: Span | None) -> DataSet:
    """Read a data set; paths start from the folder `base`.

    Raises:
        SpecError: it cannot be read.
    """
    match data:
        case Npz():
            return read_npz(base / data.path, span)
        case Images():
            return read_pictures(base / data.path, _sized(frame, data.size), span)
        case Digits():
            return _resized(read_digits(), data.size)
    raise TypeError(f"no reader for {data.word}")


def _sized(frame: Frame, size: int | tuple[int, int] | None) -> Frame:
    """The frame with a size that the recipe gives."""
    if size is None:
        return frame
    height, width = (size, size) if isinstance(size, int) else size
    return Frame(frame.channels, height, width)


def _resized(data: DataSet, size: int | tuple[int, int] | None) -> DataSet:
    """The data set with its pictures at this size."""
    if size is None:
        return data
    height, width = (size, size) if isinstance(size, int) else size
    fields = {name: resized(x, height, width) if name in data.pictures else x for name, x in data.fields.items()}
    return DataSet(data.name, fields, data.classes, data.pictures)
