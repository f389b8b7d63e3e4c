"""Data from numpy's files, one array a field. What an array is for decides how it is read, not what values it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span
from nnspec.layers.tensor_type import TensorType
from nnspec.reading.arrays import SAVE, WHITE, Array, as_pictures, map_arrays, may_be_pictures, read_arrays
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.fail import instead, read_from, refuse
from nnspec.train.data.mapped import Mapped
from nnspec.train.data.samples import Held


def read_array_files(
    path: Path, named: tuple[str, ...], inputs: Mapping[str, TensorType] | None, span: Span | None
) -> DataSet:
    """The arrays as fields.

    Args:
        path: of an archive, a file, or a folder of files.
        named: what the recipe says are pictures.
        inputs: of the model; arrays of 8 or 16 bits for those that take floats are pictures, too. None without a model.
        span: of the recipe.

    Raises:
        SpecError: the file is missing or damaged, or its arrays are no data set.
    """
    with read_from(path, span):
        mapped = map_arrays(path)
        found = read_arrays(path) if mapped is None else mapped
    return fields_of_arrays(path.name, found, named, inputs, span, SAVE, mapped is not None)


def fields_of_arrays(
    name: str,
    found: Mapping[str, Array],
    named: tuple[str, ...],
    inputs: Mapping[str, TensorType] | None,
    span: Span | None,
    way: str = "give an array with a row for each sample to every field",
    mapped: bool = False,
) -> DataSet:
    """Arrays as fields; `name` is what they are called, `way` what to do where they are no data set.

    Those that are mapped from large files are read when they are wanted.

    Raises:
        SpecError: they are none.
    """

    def fail(reason: str, advice: str = way) -> NoReturn:
        refuse(name, reason, advice, span)

    lengths = {name: array.shape[0] if array.ndim else 0 for name, array in found.items()}
    if not found or len(set(lengths.values())) > 1 or min(lengths.values()) < 2:
        held = ", ".join(f"{name} {list(array.shape)}" for name, array in found.items()) or "no arrays"
        fail(f"its arrays must have one row for each of at least two samples, and it holds {held}")
    pictures = _pictures(found, named, inputs, fail)
    masks = {field for field, array in found.items() if array.dtype.kind in "bui" and array.ndim in (3, 4)} - pictures
    notes = tuple(f"{field} is pictures: {WHITE[found[field].dtype]:,} becomes 1" for field in sorted(pictures))
    if mapped:
        samples = Mapped(found, frozenset(pictures))
        return DataSet(name, samples, (), frozenset(pictures), frozenset(masks), notes=notes)
    fields = {field: _field(array, field in pictures) for field, array in found.items()}
    for field, tensor in fields.items():
        odd = ~torch.isfinite(tensor.view(len(tensor), -1)).all(1) if tensor.is_floating_point() else None
        if odd is not None and bool(odd.any()):
            sample = int(odd.nonzero()[0])
            fail(f"{field} has values that are no finite numbers, the first in sample {sample}", "remove these samples")
    return DataSet(name, Held(fields), (), frozenset(pictures), frozenset(masks), notes=notes)


def _pictures(
    found: Mapping[str, Array],
    named: tuple[str, ...],
    inputs: Mapping[str, TensorType] | None,
    fail: Callable[[str, str], NoReturn],
) -> set[str]:
    """The arrays of 8 or 16 bits that are pictures: what the recipe says, and what the model takes as floats."""
    for name in named:
        if name not in found:
            fail(f"it has no array {name}", instead(name, found))
        if not may_be_pictures(found[name]):
            shape = list(found[name].shape)
            fail(f"{name} {shape} of {found[name].dtype} is no pictures", "pictures are uint8 or uint16: [N, H, W, C]")
    possible = [name for name, array in found.items() if may_be_pictures(array)]
    if inputs is None:
        if len(possible) > 1 and not named:
            fail(f"any of {', '.join(possible)} may be pictures", f'say which are: pictures = ["{possible[0]}"]')
        return set(named or possible)
    taken = {name for name, type in inputs.items() if type.dtype == "float"}
    if len(inputs) == 1 and not found.keys() & inputs.keys() and taken:  # the first of numbers feeds the only input
        taken = {next((name for name, array in found.items() if name in possible or array.dtype.kind == "f"), "")}
    return {*named, *(name for name in possible if name in taken)}


def _field(array: Array, pictures: bool) -> Tensor:
    if pictures:
        return torch.from_numpy(as_pictures(array))
    if array.ndim == 4 and array.dtype.kind in "bui" and 1 in (array.shape[1], array.shape[3]):
        array = array[:, 0] if array.shape[1] == 1 else array[..., 0]  # classes have no channels
    if array.dtype == np.bool_ and array.ndim < 3:
        return torch.from_numpy(array)
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused
            return torch.from_numpy(array.astype(np.float32))
    return torch.from_numpy(array.astype(np.int64))
