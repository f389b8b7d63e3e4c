"""The reader of each data set, a row each."""

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
    Shards,
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
from nnspec.train.data.shards import read_shards
from nnspec.train.data.table import read_iris, read_table
from nnspec.train.data.text import read_text
from nnspec.train.data.texts import read_texts
from nnspec.train.rows import READERS, register_data
from nnspec.train.supply import Supply


def read(
    data: Data,
    base: Path,
    frame: Frame,
    span: Span | None,
    inputs: Mapping[str, TensorType] | None = None,
    known: Known | None = None,
    supply: Supply | None = None,
) -> DataSet:
    """Read a data set.

    Args:
        data: which one.
        base: the folder that paths start from.
        frame: what pictures must become.
        span: of the recipe.
        inputs: of the model, by name; None where the recipe builds networks of its own.
        known: what its numbers stand for, where they are those of another data set.
        supply: where what is made of data once is kept, and who is told what takes long.

    Raises:
        SpecError: it cannot be read.
    """
    place = Place(base, frame, span, inputs, known, supply or Supply())
    return read_given(READERS.row(data)(data, place), place, data.word)


@register_data(Arrays)
def _arrays(data: Arrays, place: Place) -> DataSet:
    return read_array_files(place.base / data.path, data.pictures, place.inputs, place.span)


@register_data(Images)
def _images(data: Images, place: Place) -> DataSet:
    return read_pictures(place.base / data.path, _sized(place.frame, data.size), place.span, place.known)


@register_data(Digits)
def _digits(data: Digits, place: Place) -> DataSet:
    return _resized(read_digits(), data.size)


@register_data(Idx)
def _idx(data: Idx, place: Place) -> DataSet:
    return _resized(read_idx(place.base / data.path, place.span), data.size)


@register_data(Cifar)
def _cifar(data: Cifar, place: Place) -> DataSet:
    return _resized(read_cifar(place.base / data.path, place.span), data.size)


@register_data(Shards)
def _shards(data: Shards, place: Place) -> DataSet:
    return read_shards(data, _sized(place.frame, data.size), place)


@register_data(Pairs)
def _pairs(data: Pairs, place: Place) -> DataSet:
    return read_pairs(place.base / data.path, data.labels, _sized(place.frame, data.size), place.span)


@register_data(Table)
def _table(data: Table, place: Place) -> DataSet:
    return read_table(place.base / data.path, data, place.inputs or {}, place.span, place.known, place.supply)


@register_data(Texts)
def _texts(data: Texts, place: Place) -> DataSet:
    return read_texts(place.base, data, place.span, place.known, place.supply)


@register_data(Text)
def _text(data: Text, place: Place) -> DataSet:
    text, tokenizer = (None if each is None else place.base / each for each in (data.path, data.tokenizer))
    return read_text(text, tokenizer, data.length, place)


@register_data(Parallel)
def _parallel(data: Parallel, place: Place) -> DataSet:
    return read_parallel(place.base, data, place.span, place.known)


@register_data(HuggingFace)
def _hugging_face(data: HuggingFace, place: Place) -> DataSet:
    return read_hugging_face(data, place.replace(frame=_sized(place.frame, data.size)))


@register_data(Glyphs)
def _glyphs(data: Glyphs, place: Place) -> DataSet:
    return make_glyphs(data, place.span)


@register_data(Iris)
def _iris(data: Iris, place: Place) -> DataSet:
    return read_iris()


@register_data(Spirals)
def _spirals(data: Spirals, place: Place) -> DataSet:
    return make_spirals(data)


@register_data(Shapes)
def _shapes(data: Shapes, place: Place) -> DataSet:
    return make_shapes(data)


@register_data(Reversals)
def _reversals(data: Reversals, place: Place) -> DataSet:
    return make_reversals(data)


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
