"""The reader of each data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnspec.diagnostics import Span
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.data import (
    Arrays,
    Cifar,
    Data,
    Digits,
    Glyphs,
    HuggingFace,
    Idx,
    Images,
    Iris,
    Pairs,
    Parallel,
    Reversals,
    Shapes,
    Spirals,
    Table,
    Text,
    Texts,
)
from nnspec.train.data.arrays import read_array_files
from nnspec.train.data.cifar import read_cifar
from nnspec.train.data.dataset import DataSet, Frame, resized
from nnspec.train.data.digits import read_digits
from nnspec.train.data.given import read_given
from nnspec.train.data.glyphs import make_glyphs
from nnspec.train.data.hugging_face import read_hugging_face
from nnspec.train.data.idx import read_idx
from nnspec.train.data.known import Known
from nnspec.train.data.made import make_reversals, make_shapes, make_spirals
from nnspec.train.data.pairs import read_pairs
from nnspec.train.data.parallel import read_parallel
from nnspec.train.data.pictures import read_pictures
from nnspec.train.data.place import Place
from nnspec.train.data.samples import Held
from nnspec.train.data.table import read_iris, read_table
from nnspec.train.data.text import read_text
from nnspec.train.data.texts import read_texts
from nnspec.train.rows import READERS


def read(
    data: Data,
    base: Path,
    frame: Frame,
    span: Span | None,
    inputs: Mapping[str, TensorType] | None = None,
    known: Known | None = None,
) -> DataSet:
    """Read a data set.

    Args:
        data: which one.
        base: the folder that paths start from.
        frame: what pictures must become.
        span: of the recipe.
        inputs: of the model, by name; None where the recipe builds networks of its own.
        known: what its numbers stand for, where they are those of another data set.

    Raises:
        SpecError: it cannot be read.
    """
    match data:
        case Arrays():
            return read_array_files(base / data.path, data.pictures, inputs, span)
        case Images():
            return read_pictures(base / data.path, _sized(frame, data.size), span)
        case Digits():
            return _resized(read_digits(), data.size)
        case Idx():
            return _resized(read_idx(base / data.path, span), data.size)
        case Cifar():
            return _resized(read_cifar(base / data.path, span), data.size)
        case Pairs():
            return read_pairs(base / data.path, data.labels, _sized(frame, data.size), span)
        case Table():
            return read_table(base / data.path, data, inputs or {}, span, known)
        case Texts():
            return read_texts(base, data, span, known)
        case Text():
            text, tokenizer = (None if each is None else base / each for each in (data.path, data.tokenizer))
            return read_text(text, tokenizer, data.length, span)
        case Parallel():
            return read_parallel(base, data, span, known)
        case HuggingFace():
            return read_hugging_face(base, data, _sized(frame, data.size), span)
        case Glyphs():
            return make_glyphs(data, span)
        case Iris():
            return read_iris()
        case Spirals():
            return make_spirals(data)
        case Shapes():
            return make_shapes(data)
        case Reversals():
            return make_reversals(data)
    place = Place(base, frame, span, inputs)
    return read_given(READERS.row(data)(data, place), place, data.word)


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
    return data.replace(samples=Held(fields))
