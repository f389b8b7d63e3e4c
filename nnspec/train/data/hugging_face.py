"""Data sets of Hugging Face, from a folder or by name, through the package `datasets`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.elaborate.data import HuggingFace
from nnspec.extras import need
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, instead, need_room, refuse
from nnspec.train.data.pictures import MODES, fitted

if TYPE_CHECKING:
    from datasets import Dataset

NUMBER = re.compile(r"(u?int|float)\d+|bool")
ON_THE_HUB = re.compile(r"\w[\w.-]*(/[\w.-]+)?")


def read_hugging_face(base: Path, choice: HuggingFace, frame: Frame, span: Span | None) -> DataSet:
    """Its pictures, class labels, numbers and sequences of one length; what is held out comes last.

    Raises:
        SpecError: `datasets` is not installed; the data set or the split is not there, or cannot be read.
    """
    need("a data set of Hugging Face", "datasets")
    name = choice.path.rstrip("/").rpartition("/")[2]
    try:
        parts = [_open(base, choice.path, split, span) for split in (choice.split, choice.held_out) if split]
        columns = {column: [_column(part, column, frame, name, span) for part in parts] for column in _kept(parts[0])}
    except SpecError:
        raise
    except Exception as error:  # what is damaged comes out of `datasets` as any kind of error
        reason = f"it cannot be read ({(str(error) or type(error).__name__).splitlines()[0]})"
        refuse(choice.path, reason, "write it again with save_to_disk, or check the name and the network", span)
    fields = {column: torch.cat(tensors) for column, tensors in columns.items() if _alike(tensors)}
    rows = sum(map(len, parts))
    if not fields or rows < 2 or len(set(map(len, fields.values()))) > 1:
        refuse(choice.path, f"it has {rows:,} rows and {len(fields)} columns of numbers", "take another split", span)
    others = [column for column in parts[0].column_names if column not in fields]
    return DataSet(
        name,
        fields,
        _classes(parts[0]),
        frozenset(column for column in fields if _kind(parts[0].features[column]) == "Image"),
        held_out=len(parts[1]) if choice.held_out else None,
        notes=(f"columns that are left out: {', '.join(others)}",) if others else (),
    )


def _open(base: Path, path: str, split: str, span: Span | None) -> Dataset:
    """A split of a folder, or of a data set on the Hub."""
    from datasets import Dataset, DatasetDict, load_dataset, load_from_disk  # here: an extra of its own

    folder = base / path
    if not folder.is_dir():
        if not ON_THE_HUB.fullmatch(path):
            refuse(folder, "there is no such folder", RELATIVE, span)
        found = load_dataset(path, split=split)
        assert isinstance(found, Dataset)
        return found
    found = load_from_disk(str(folder))
    if not isinstance(found, DatasetDict):
        return found
    if split not in found:
        refuse(folder, f"it has no split {split}", instead(split, found), span)
    return found[split]


def _kind(feature: Any) -> str:
    """What a column holds, as `datasets` calls it."""
    return type(feature).__name__


def _kept(part: Dataset) -> Iterator[str]:
    """The columns that are pictures, classes, numbers, or lists of numbers."""
    for column, feature in part.features.items():
        inner = feature
        while hasattr(inner, "feature"):
            inner = inner.feature
        if _kind(inner) in ("Image", "ClassLabel") or NUMBER.fullmatch(str(getattr(inner, "dtype", ""))):
            yield column


def _column(part: Dataset, column: str, frame: Frame, name: str, span: Span | None) -> Tensor:
    """All values of a column; an empty tensor where they have different lengths."""
    if _kind(part.features[column]) == "Image":
        return _pictures(part, column, frame, name, span)
    need_room(name, 8 * int(part.data.nbytes), span)
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused
        array = np.asarray(part.with_format("numpy")[column][:])
    if array.dtype == object:
        return torch.empty(0)
    if np.issubdtype(array.dtype, np.floating):
        if not bool(np.isfinite(array).all()):
            refuse(name, f"{column} has values that are missing or no finite numbers", "remove these rows", span)
        return torch.from_numpy(array.astype(np.float32))
    return torch.from_numpy(array if array.dtype == np.bool_ else array.astype(np.int64))


def _pictures(part: Dataset, column: str, frame: Frame, name: str, span: Span | None) -> Tensor:
    """[N, C, H, W] in the size of the frame, or of the first picture."""
    width, height = part[0][column].size if len(part) else (1, 1)
    frame = Frame(frame.channels or 3, frame.height or height, frame.width or width)
    channels, height, width = frame.channels or 3, frame.height or 1, frame.width or 1
    need_room(name, 4 * len(part) * channels * height * width, span)
    made = torch.empty(len(part), channels, height, width)
    for index, picture in enumerate(part[column]):
        if picture is None:
            refuse(name, f"row {index + 1:,} has no picture", "remove these rows", span)
        made[index] = fitted(picture, frame, MODES.get(channels, "RGB"))
    return made


def _alike(tensors: list[Tensor]) -> bool:
    """Whether the splits have values of one shape."""
    return all(len(tensor) for tensor in tensors) and len({tensor.shape[1:] for tensor in tensors}) == 1


def _classes(part: Dataset) -> tuple[str, ...]:
    """What the labels mean: those of the first column of classes."""
    found = [feature for feature in part.features.values() if _kind(feature) == "ClassLabel"]
    return tuple(found[0].names) if found else ()
