"""Data sets of Hugging Face, from a folder or by name, through the package `datasets`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from nnspec.diagnostics import Span, SpecError
from nnspec.extras import need
from nnspec.reading.arrays import Array
from nnspec.reading.folders import TESTED, VALIDATED
from nnspec.reading.unreadable import Unreadable
from nnspec.recipe.data import HuggingFace
from nnspec.train.data.arrow import ArrowPictures
from nnspec.train.data.class_columns import ClassColumns, values_of
from nnspec.train.data.dataset import DataSet, Frame
from nnspec.train.data.fail import RELATIVE, instead, need_room, refuse
from nnspec.train.data.mapped import Mapped
from nnspec.train.data.place import Place
from nnspec.train.data.samples import Held, Samples
from nnspec.train.data.spool import Spool, is_large
from nnspec.train.data.texts import LENGTHS
from nnspec.train.data.vocabulary import PADDING, TokenList, pieces, read_tokenizer

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

AT_ONCE = 4096  # rows that are written at a time
NUMBER = re.compile(r"(u?int|float)\d+|bool")
TEXT = re.compile(r"(large_)?string")
ON_THE_HUB = re.compile(r"\w[\w.-]*(/[\w.-]+)?")


Splits = dict[str, "Dataset"]  # by the part that each is


def read_hugging_face(choice: HuggingFace, place: Place) -> DataSet:
    """Its pictures, class labels, numbers, texts and sequences of one length; what is held out comes last.

    Args:
        choice: which one, and how texts become tokens.
        place: what it is read for; classes are those of its own where nothing is known of them.

    Raises:
        SpecError: `datasets` is not installed; the data set, a split or the tokenizer is not there, or cannot be read.
    """
    need("a data set of Hugging Face", "datasets")
    base, span = place.base, place.span
    tokenizer = None if choice.tokenizer is None else read_tokenizer(base / choice.tokenizer, span)
    name = choice.path.rstrip("/").rpartition("/")[2]
    columns = _Columns(name, choice.length, place.frame, None if tokenizer is None else pieces(tokenizer, span), span)

    def parts() -> Splits:
        validation, test = choice.held_out, choice.test
        if validation is None and test is None and choice.split == "train":
            names = _splits_in(base / choice.path)
            validation, test = (next((each for each in own if each in names), None) for own in (VALIDATED, TESTED))
        wanted = {"training": choice.split, "validation": validation, "test": test}
        return {part: _open(base, choice.path, split, span) for part, split in wanted.items() if split}

    return _read(parts, columns, tokenizer, place)


def _splits_in(folder: Path) -> list[str]:
    """The splits of a folder; none where it is one data set, or a name on the Hub."""
    from datasets import DatasetDict, load_from_disk  # here: an extra of its own

    found = load_from_disk(str(folder)) if folder.is_dir() else None
    return list(map(str, found)) if isinstance(found, DatasetDict) else []


def dataset_of_hugging_face(value: Any, place: Place, name: str) -> DataSet:
    """A data set of `datasets`, or the splits of one: `train`, and what is held out of `validation` or `test`.

    Raises:
        SpecError: it has no `train`, or no columns of numbers; a split has a transform of its own.
    """
    from datasets import DatasetDict, IterableDataset, IterableDatasetDict  # here: an extra of its own

    span = place.span
    splits: Any = dict(value) if isinstance(value, (DatasetDict, IterableDatasetDict)) else {"train": value}
    if "train" not in splits:
        refuse(name, f"it has no split train, but {', '.join(splits)}", "give one of them", span)
    changed = next((split for split, part in splits.items() if is_transformed(part)), None)
    if changed is not None:
        refuse(name, f"its split {changed} has a transform", "give each split by itself: data, validation, test", span)

    spools: list[Spool] = []

    def kept(part: Dataset | IterableDataset) -> Dataset:
        if not isinstance(part, IterableDataset):
            return part
        spools.append(Spool(place.supply, name, "a stream is read once"))
        return _stored(part, spools[-1])

    def parts() -> Splits:
        own = (next((splits[each] for each in names if each in splits), None) for names in (VALIDATED, TESTED))
        found = dict(zip(("training", "validation", "test"), (splits["train"], *own), strict=True))
        return {part: kept(each) for part, each in found.items() if each is not None}

    made = _read(parts, _Columns(name, 0, place.frame, None, span), None, place)
    for each in spools:
        each.last_as_long_as(made.samples)
    return made


def is_transformed(value: Any) -> bool:
    """Whether a data set has a transform of its user's, `set_transform`, which makes the samples when it is asked."""
    form = getattr(value, "format", None)
    return isinstance(form, Mapping) and form.get("type") == "custom"


def _read(parts_of: Callable[[], Splits], columns: _Columns, tokenizer: Any, place: Place) -> DataSet:
    """The columns of all parts, the training part first."""
    known, span = place.known, place.span
    try:
        splits = parts_of()
        parts = list(splits.values())
        kept = list(columns.kept(parts[0]))
        pictures = [column for column in kept if _kind(parts[0].features[column]) == "Image"]
        classes = ClassColumns(columns.name, parts[0].features, known, span)
        others = [each for each in kept if each not in pictures]
        rows = sum(map(len, parts))
        samples: Samples
        if not is_large(columns.bytes(parts, others)):
            alike = _held(parts, others, columns, classes)
            samples = ArrowPictures(parts, pictures, alike, columns.frame) if pictures and rows else Held(alike)
        else:
            spool = Spool(place.supply, columns.name)
            arrays = _spooled(spool, parts, others, columns, classes)
            alike = {name: torch.from_numpy(array) for name, array in arrays.items()}
            samples = ArrowPictures(parts, pictures, alike, columns.frame) if pictures else Mapped(arrays, frozenset())
            spool.last_as_long_as(samples)
    except SpecError:
        raise
    except Exception as error:  # what is damaged comes out of `datasets` as any kind of error
        reason = f"it cannot be read ({(str(error) or type(error).__name__).splitlines()[0]})"
        refuse(columns.name, reason, "write it again with save_to_disk, or check the name and the network", span)
    fields = [*pictures, *alike]
    if not fields or rows < (1 if known else 2) or len({rows, *map(len, alike.values())}) > 1:
        refuse(columns.name, f"it has {rows:,} rows and {len(fields)} columns of numbers", "take another split", span)
    unread = [column for column in parts[0].column_names if column not in fields]
    texts = [column for column in alike if columns.is_text(parts[0].features.get(column))]
    left = (f"columns that are left out: {', '.join(unread)}",) if unread else ()
    return DataSet(
        columns.name,
        samples,
        classes.classes,
        frozenset(pictures),
        held_out=len(splits["validation"]) if "validation" in splits else None,
        tested=len(splits["test"]) if "test" in splits else None,
        vocabularies={**classes.others, **{name: columns.vocabulary.tokens for name in texts if columns.vocabulary}},
        texts={column: {"column": column, "length": columns.length} for column in texts},
        tokenizer=tokenizer.to_str() if tokenizer else None,
        notes=(*left, *classes.notes),
    )


def _held(parts: list[Dataset], names: list[str], columns: _Columns, classes: ClassColumns) -> dict[str, Tensor]:
    """Columns in memory, but for those that have values of different shapes."""
    read: dict[str, list[Tensor]] = {}
    for part, column in product(parts, names):
        for field, tensor in columns.read(part, column).items():
            read.setdefault(field, []).append(classes.numbered(column, part.features[column], tensor))
    return {field: torch.cat(tensors) for field, tensors in read.items() if _alike(tensors)}


def _spooled(
    spool: Spool, parts: list[Dataset], names: list[str], columns: _Columns, classes: ClassColumns
) -> dict[str, Array]:
    """Columns in files, written some rows at a time, but for those that have values of different shapes."""
    odd: set[str] = set()
    for part in parts:
        for columns.first in range(0, len(part), AT_ONCE):
            piece = part.select(range(columns.first, min(columns.first + AT_ONCE, len(part))))
            for column in names:
                for field, tensor in columns.read(piece, column).items():
                    if not len(tensor) or field in odd:
                        odd.add(field)
                        continue
                    try:
                        spool.add(field, classes.numbered(column, part.features[column], tensor).numpy())
                    except Unreadable:
                        odd.add(field)
    return {field: array for field, array in spool.arrays().items() if field not in odd}


def _stored(stream: IterableDataset, spool: Spool) -> Dataset:
    """The samples of a stream, read once and written to a file that is mapped into memory."""
    from datasets import Dataset  # here: an extra of its own
    from datasets.arrow_writer import ArrowWriter

    path, features = spool.folder / "stream.arrow", stream.features
    with ArrowWriter(path=str(path), features=features) as writer:
        for sample in stream:
            writer.write(features.encode_example(sample) if features is not None else sample)
        writer.finalize()
    return Dataset.from_file(str(path))


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


class _Columns:
    """Reads columns by what they hold."""

    def __init__(self, name: str, length: int, frame: Frame, vocabulary: TokenList | None, span: Span | None) -> None:
        self.name = name
        self.length = length  # of texts, in tokens
        self.frame = frame
        self.vocabulary = vocabulary
        self.span = span
        self.first = 0  # the row of a split that is read first

    def bytes(self, parts: Sequence[Dataset], names: Sequence[str]) -> int:
        """The bytes of memory that columns take, at most."""
        texts = sum(self.is_text(parts[0].features[name]) for name in names)
        found = sum(part.data.column(name).nbytes for part, name in product(parts, names) if name in part.features)
        return 2 * int(found) + 8 * texts * self.length * sum(map(len, parts))

    def kept(self, part: Dataset) -> Iterator[str]:
        """The columns that can be read: pictures, classes, numbers, lists of numbers, and texts with a vocabulary."""
        for column, feature in part.features.items():
            inner = values_of(feature)
            if self.is_text(feature) or _kind(inner) in ("Image", "ClassLabel") or NUMBER.fullmatch(_dtype(inner)):
                yield column

    def read(self, part: Dataset, column: str) -> dict[str, Tensor]:
        """All values of a column, empty where they have different lengths; of texts, how many tokens each has, too."""
        if not self.is_text(part.features[column]):
            return {column: self._numbers(part, column)}
        tokens, lengths = self._tokens(part, column)
        name = f"{column}_{LENGTHS}"
        return {column: tokens} if name in part.features else {column: tokens, name: lengths}

    def is_text(self, feature: Any) -> bool:
        """Whether a column is of texts that can be read."""
        return self.vocabulary is not None and TEXT.fullmatch(_dtype(feature)) is not None

    def _numbers(self, part: Dataset, column: str) -> Tensor:
        need_room(self.name, 8 * int(part.data.nbytes), self.span)
        with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused
            array = np.asarray(part.with_format("numpy")[column][:])
        if array.dtype == object:
            return torch.empty(0)
        if np.issubdtype(array.dtype, np.floating):
            if not bool(np.isfinite(array).all()):
                self._fail(f"{column} has values that are missing or no finite numbers")
            return torch.from_numpy(array.astype(np.float32))
        return torch.from_numpy(array if array.dtype == np.bool_ else array.astype(np.int64))

    def _tokens(self, part: Dataset, column: str) -> tuple[Tensor, Tensor]:
        """[N, length]: long texts are cut, short ones filled up; and the number of tokens of each."""
        assert self.vocabulary is not None
        need_room(self.name, 8 * len(part) * self.length, self.span)
        made = torch.full((len(part), self.length), PADDING)
        lengths = torch.empty(len(part), dtype=torch.int64)
        for index, text in enumerate(part[column]):
            if text is None:
                self._fail(f"row {self.first + index + 1:,} has no {column}")
            numbers = self.vocabulary.encode(text)[: self.length]
            if not numbers:
                self._fail(f"row {self.first + index + 1:,} has no tokens in {column}")
            made[index, : len(numbers)] = torch.tensor(numbers)
            lengths[index] = len(numbers)
        return made, lengths

    def _fail(self, reason: str) -> NoReturn:
        refuse(self.name, reason, "remove these rows", self.span)


def _kind(feature: Any) -> str:
    """The kind of a column, as `datasets` calls it."""
    return type(feature).__name__


def _dtype(feature: Any) -> str:
    """The type of the values of a column; none for structures."""
    return str(getattr(feature, "dtype", ""))


def _alike(tensors: list[Tensor]) -> bool:
    """Whether the splits have values of one shape."""
    return all(len(tensor) for tensor in tensors) and len({tensor.shape[1:] for tensor in tensors}) == 1
