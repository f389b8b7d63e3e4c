"""The data sets that a recipe can choose from. `nnspec.train` reads them; their fields are the names in a loss."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePath
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, FiniteFloat, NonNegativeFloat

from nnspec.reading.folders import folders_in, parts_of
from nnspec.reading.recognition import held_by
from nnspec.recipe import fields as known
from nnspec.recipe.choice import CHOICES, Choice, Size
from nnspec.recipe.fields import UNKNOWN, Fields

Samples = Annotated[int, Field(ge=2, le=1_000_000)]
Length = Annotated[int, Field(ge=1, le=65_536)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Columns = str | Annotated[tuple[str, ...], Field(min_length=1)]


def _different(characters: str) -> str:
    if len(set(characters)) < len(characters) or not characters.isprintable() or " " in characters:
        raise ValueError("must be different characters that can be seen")
    return characters


Characters = Annotated[str, Field(min_length=2, max_length=256), AfterValidator(_different)]


def _listed(names: Columns | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else names


class Data(Choice, key="data"):
    """A data set. Its fields are the names that a loss may use."""

    paths: ClassVar[tuple[str, ...]] = ("path",)  # the arguments that name files or folders
    suffixes: ClassVar[tuple[str, ...]] = ()  # of files, where `path` may be a folder with some for each part

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        """Those that have no such arguments name no files."""
        super().__pydantic_init_subclass__(**options)
        cls.paths = tuple(name for name in cls.paths if name in cls.model_fields)

    def fields(self, base: Path | None) -> Fields:
        """Its fields, as far as they are known without reading it.

        Paths start from `base`; where it is None, no file is looked at.
        """
        return UNKNOWN

    def found(self, base: Path) -> Data:
        """The data set itself, where what is at its path says which one it is."""
        return self

    def at(self, path: str) -> Data:
        """The same kind of data from another path; where it has none, what the path holds says what it is."""
        return self.model_copy(update={"path": path}) if "path" in type(self).model_fields else data_at(path)


class Unsaid(Data):
    """Data of which nothing is known, because a mistake keeps the recipe from saying it."""

    paths: ClassVar[tuple[str, ...]] = ()


Unsaid.__name__ = "data"


class Digits(Data, word="digits"):
    """1,797 handwritten digits of 8x8 pixels (UCI): fields `image` and `label`."""

    paths: ClassVar[tuple[str, ...]] = ()
    size: Size | None = None

    def fields(self, base: Path | None) -> Fields:
        return Fields({"image": known.pictures(self.size or 8, 1), "label": known.classes(10)})


class Arrays(Data, word="arrays"):
    """A file of numpy arrays (.npz), or a folder of files with one each (.npy), or one of those; each is a field.

    Arrays of 8 or 16 bits (uint8, uint16) that an input takes as floats are pictures: 255 or 65,535 becomes 1; so are
    those that `pictures` names. All others stay as they are: masks and maps of classes are never scaled, and are
    [N, H, W] of whole numbers, or [N, 1, H, W] of floats where the loss takes those.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".npz",)
    path: str
    pictures: tuple[str, ...] = ()

    def fields(self, base: Path | None) -> Fields:
        if base is None:
            return UNKNOWN
        path = base / self.path
        try:
            if path.is_dir() or path.suffix == ".npy":
                names = [each.stem for each in (path.glob("*.npy") if path.is_dir() else [path])]
            else:
                with zipfile.ZipFile(path) as archive:
                    names = [PurePath(name).stem for name in archive.namelist()]
        except (OSError, ValueError, zipfile.BadZipFile):
            return UNKNOWN
        return Fields(dict.fromkeys(sorted(names)))


class Images(Data, word="images"):
    """A folder with one folder of pictures a class: fields `image` and `label`.

    Pictures stand upright, by their EXIF tag. 0 is black and 1 is white, in 8 bits 255, in 16 bits 65,535; floats must
    lie within 0 and 1. What is transparent lies on white, unless the input has four channels; grey and colours become
    each other; of several frames the first is read. Where the folder holds `train`, and `val` (or `validation`) or
    `test` or both, with the same classes, these are the parts.
    """

    path: str
    size: Size | None = None

    def fields(self, base: Path | None) -> Fields:
        return Fields({"image": known.pictures(self.size), "label": known.classes()})


class Shards(Data, word="shards"):
    """Tar files in WebDataset's layout, a folder of them or a pattern: `shards("train-*.tar")`.

    Files of one name but for their endings are a sample: a picture is `image`, .cls is `label`, the number of a class,
    and .npy are arrays: `7.x.npy` is the field `x`, `7.npy` is `features`. Every epoch takes the shards in another
    order, reads them one after the other and mixes `buffer` samples at a time. What is held out is the end, or has
    shards of its own: `validation = "val-*.tar"`.
    """

    path: str
    size: Size | None = None
    buffer: Annotated[int, Field(ge=1, le=1_000_000)] = 4096


class Idx(Data, word="idx"):
    """The four files of MNIST, Fashion-MNIST and their kin in one folder, packed (.gz) or not: `image` and `label`.

    The test part that they bring is validated on, unless `validation` says what else.
    """

    path: str
    size: Size | None = None

    def fields(self, base: Path | None) -> Fields:
        return Fields({"image": known.pictures(self.size, 1), "label": known.classes()})


class Cifar(Data, word="cifar"):
    """A folder of the binary version of CIFAR-10 or CIFAR-100: `image`, `label`, and `coarse` of CIFAR-100.

    The test part that it brings is validated on, unless `validation` says what else.
    """

    path: str
    size: Size | None = None

    def fields(self, base: Path | None) -> Fields:
        image = known.pictures(self.size or 32, 3)
        return Fields({"image": image, "label": known.classes(), "coarse": known.classes()})


class Pairs(Data, word="pairs"):
    """Pictures that belong together: one folder a field, files of one name a sample: `image/7.png`, `mask/7.png`.

    Of the fields in `labels` the grey value (or palette index) of each pixel is its class, never scaled; they are
    [N, H, W] of whole numbers, or [N, 1, H, W] of floats where the loss takes those. Pictures are read as those of
    `images`, and `train`, `val` and `test` side by side are parts as there. Files of 0 and 1 that are not in
    `labels` are refused: as greys they would all be black.
    """

    path: str
    labels: tuple[str, ...] = ()
    size: Size | None = None

    def fields(self, base: Path | None) -> Fields:
        if base is None:
            return UNKNOWN
        try:
            names = [each.name for each in folders_in(parts_of(base / self.path).training)]
        except OSError:
            return UNKNOWN
        mask, picture = known.Field("int", (None, None), mask=True), known.pictures(self.size)
        return Fields({name: mask if name in self.labels else picture for name in sorted(names)})


class Table(Data, word="table"):
    """CSV files with a line of names, or Parquet files: `features` [N, columns], and the columns that are wanted.

    `label` names a column of classes, `target` one of numbers [N, 1]; without either, the last one is the label. A list
    names several: targets [N, K] together, labels each as a field of its own name. A column of texts becomes one
    feature for each text. `without` names columns that are left out.

    Inputs of the model may have the names of columns: `age: float[N, 1]` takes numbers, `city: int[N]` the place of
    each text among all of the column, sorted; `features` then has the other columns.

    Texts that training has not seen are refused, unless `rare` is written: then the first category, `<unknown>`, stands
    for them and for those that are in fewer rows (`rare = 1` for the unseen ones alone). What training has seen, and
    the means of its columns, are those of all rows but the ones that `part`, or data of their own, hold out: a share
    that is held out at random counts, so that neither the categories nor the shapes depend on the seed.

    Values are separated by commas, semicolons, tabs or bars. A missing value (nothing, NA, NaN, null, ?) is a mistake,
    unless `missing` is "drop", by which its row is left out, or "mean", "median" or a number: a number becomes that of
    its column, a text is one of its own. What a wanted column lacks is never filled.

    `path` may be a pattern, as in "part-*.parquet". `part` names a column that says of each row whether it is of the
    part `train`, `validation` or `test`.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".parquet")
    path: str
    label: Columns | None = None
    target: Columns | None = None
    missing: Literal["drop", "mean", "median"] | FiniteFloat | None = None
    without: tuple[str, ...] = ()
    rare: Annotated[int, Field(ge=1)] | None = None
    part: str | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The columns of classes by their fields."""
        names = _listed(self.label)
        return {"label": names[0]} if len(names) == 1 else {name: name for name in names}

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns of numbers that are wanted."""
        return _listed(self.target)

    def fields(self, base: Path | None) -> Fields:
        found: dict[str, known.Field | None] = {"features": known.Field("float", (None,))}
        if self.targets:
            found["target"] = known.Field("float", (len(self.targets),))
        wanted = self.labels or ({} if self.targets else {"label": ""})
        return Fields({**found, **dict.fromkeys(wanted, known.classes())}, complete=False)


class Texts(Data, word="texts"):
    """Texts with what they are, a row each, of CSV, Parquet or JSON lines: `tokens` [N, T], `lengths`, and `label`.

    `text` names the column of texts, the first one that is not wanted if it is left out; several in a list are fields
    of their own names, with `NAME_lengths`. `label` and `target` name what is wanted, as in `table`; without either it
    is the last column. A token is a word, a character, or one of `tokenizer`, the path of a tokenizer.json. Texts of
    more tokens than `length` are cut. 0 fills up short ones, and 3 is any token beyond the `vocabulary` most frequent
    ones; tokens count from 4, as in `parallel`.

    `lengths` [N] is how many tokens a text has, at least one: give it to a recurrent layer, `(x, lengths = lengths) ->
    GRU(64, batch_first = true)`, and leave what fills up out of a mean by `tokens > 0`. A row without a text is a
    mistake, unless `missing = "drop"` leaves it out. `part` names a column that says of each row of which part it is.
    """

    paths: ClassVar[tuple[str, ...]] = ("path", "tokenizer")
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".csv", ".parquet")
    path: str
    text: Columns | None = None
    label: Columns | None = None
    target: Columns | None = None
    unit: Literal["word", "character"] = "word"
    length: Length = 128
    vocabulary: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    tokenizer: str | None = None
    missing: Literal["drop"] | None = None
    part: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of texts; none where the file says which it is."""
        return _listed(self.text)

    @property
    def rows(self) -> Table:
        """The table of what is wanted of each text."""
        return Table(path=self.path, label=self.label, target=self.target, missing=self.missing, part=self.part)

    def fields(self, base: Path | None) -> Fields:
        texts = self.columns
        sequence, count = known.Field("int", (None,)), known.Field("int", ())
        names = {"tokens": "lengths"} if len(texts) < 2 else {name: f"{name}_lengths" for name in texts}
        found = {**dict.fromkeys(names, sequence), **dict.fromkeys(names.values(), count)}
        wanted = {name: field for name, field in self.rows.fields(base).known.items() if name != "features"}
        return Fields({**found, **wanted})


class Iris(Data, word="iris"):
    """150 flowers of three kinds (Fisher 1936): `features` [N, 4] in centimetres and `label`."""

    paths: ClassVar[tuple[str, ...]] = ()

    def fields(self, base: Path | None) -> Fields:
        return Fields({"features": known.Field("float", (4,)), "label": known.classes(3)})


class Text(Data, word="text"):
    """Characters of a text file in windows of `length`: `tokens` and, one place later, `next`, both [N, length].

    With `tokenizer`, the path of a tokenizer.json, they are its tokens. Without a path it is the language reference
    that comes with Python, in 96 characters. What is held out is the end.
    """

    paths: ClassVar[tuple[str, ...]] = ("path", "tokenizer")
    suffixes: ClassVar[tuple[str, ...]] = (".txt",)
    path: str | None = None
    length: Length = 128
    tokenizer: str | None = None

    def fields(self, base: Path | None) -> Fields:
        characters = (0, 95) if self.path is None and self.tokenizer is None else None
        window = known.Field("int", (self.length,), range=characters)
        return Fields({"tokens": window, "next": window})


class Parallel(Data, word="parallel"):
    """Lines and their translations: `source` [N, S], `target` [N, T] and, one place before it, `given` [N, T].

    They are the lines of two files, or of one (.tsv) with a tab between both. A token is a word, a character, or one of
    `tokenizer`, the path of a tokenizer.json. 0 fills up short lines (write `ignore_index = 0` in a loss), 1 is where
    `given` starts, 2 where `target` ends, and 3 is any token beyond the `vocabulary` most frequent ones; tokens
    count from 4. Pairs of more tokens than `length` are left out. `source_lengths` and `target_lengths` [N] are how
    many tokens each line has, that of the target with its end.
    """

    paths: ClassVar[tuple[str, ...]] = ("path", "target", "tokenizer")
    suffixes: ClassVar[tuple[str, ...]] = (".tsv",)
    path: str
    target: str | None = None
    unit: Literal["word", "character"] = "word"
    length: Length = 64
    vocabulary: Annotated[int, Field(ge=1, le=1_000_000)] = 20_000
    tokenizer: str | None = None

    def fields(self, base: Path | None) -> Fields:
        lines, count = known.Field("int", (None,)), known.Field("int", ())
        target = known.Field("int", (None,), aligned="given")
        lengths = {"source_lengths": count, "target_lengths": count}
        return Fields({"source": lines, "given": lines, "target": target, **lengths})


class HuggingFace(Data, word="hugging_face"):
    """A data set of Hugging Face: a folder that `save_to_disk` wrote, or a name on the Hub, which is then downloaded.

    Pictures, class labels, numbers and sequences of one length are fields under the names of their columns. With
    `tokenizer`, the path of a tokenizer.json, texts are [N, length], cut or filled up, numbered as in `parallel`, and
    `NAME_lengths` [N] is how many tokens each has. Other columns are left out. Data to validate on, to test or to
    evaluate is numbered by the names of its classes. `held_out` names the split to validate on, and `test` that for
    the test; of a folder with several splits they are `validation` (or `val`) and `test`, where it has them, beside
    `split = "train"`.
    """

    paths: ClassVar[tuple[str, ...]] = ("tokenizer",)
    path: str
    split: str = "train"
    held_out: str | None = None
    test: str | None = None
    size: Size | None = None
    tokenizer: str | None = None
    length: Length = 128


class Glyphs(Data, word="glyphs"):
    """Drawn characters, each turned, slanted, scaled and moved a little: `image` [N, 1, size, size] and `label`."""

    paths: ClassVar[tuple[str, ...]] = ()
    samples: Samples = 2000
    characters: Characters = "0123456789"
    size: Annotated[int, Field(ge=8, le=512)] = 28
    noise: NonNegativeFloat = 0.1
    seed: Seed = 0

    def fields(self, base: Path | None) -> Fields:
        return Fields({"image": known.pictures(self.size, 1), "label": known.classes(len(self.characters))})


class Spirals(Data, word="spirals"):
    """Points on arms that wind around each other, made anew: `features` [N, 2] and `label`."""

    paths: ClassVar[tuple[str, ...]] = ()
    samples: Samples = 1000
    arms: Annotated[int, Field(ge=2, le=100)] = 2
    noise: NonNegativeFloat = 0.02
    seed: Seed = 0

    def fields(self, base: Path | None) -> Fields:
        return Fields({"features": known.Field("float", (2,)), "label": known.classes(self.arms)})


class Shapes(Data, word="shapes"):
    """Drawn discs, squares and triangles: `image` [N, 1, size, size], and `mask`, the class of each pixel."""

    paths: ClassVar[tuple[str, ...]] = ()
    samples: Samples = 1000
    size: Annotated[int, Field(ge=16, le=512)] = 64
    noise: NonNegativeFloat = 0.1
    seed: Seed = 0

    def fields(self, base: Path | None) -> Fields:
        mask = known.Field("int", (self.size, self.size), mask=True, range=(0, 3))
        return Fields({"image": known.pictures(self.size, 1), "mask": mask})


class Reversals(Data, word="reversals"):
    """Strings and their reverse, a toy translation: `source` [N, length], `target` and, one place before it, `given`.

    Letters count from 1; 0 is where `given` starts.
    """

    paths: ClassVar[tuple[str, ...]] = ()
    samples: Samples = 2000
    length: Length = 8
    letters: Annotated[int, Field(ge=2, le=10_000)] = 20
    seed: Seed = 0

    def fields(self, base: Path | None) -> Fields:
        sizes, letters = (self.length,), (1, self.letters)
        source, target = (
            known.Field("int", sizes, range=letters),
            known.Field("int", sizes, False, False, "given", letters),
        )
        return Fields({"source": source, "given": known.Field("int", sizes, range=(0, self.letters)), "target": target})


class Folder(Data, word="folder"):
    """A folder, of which the names in it say which kind of data it holds.

    Files of MNIST's form are `idx`, those of CIFAR `cifar`; a data set that was saved by Hugging Face's `datasets` is
    `hugging_face`. Files that end in .npy are `arrays`, in .csv and .parquet a `table`, in .jsonl `texts`, in .tsv
    `parallel`, in .txt `text`. Folders `image` and `mask` with files of the same names are `pairs`; any other folders
    are `images`. A path in quotes, `data = "mnist"`, is the same.
    """

    path: str
    size: Size | None = None

    def fields(self, base: Path | None) -> Fields:
        return UNKNOWN if base is None else self.found(base).fields(base)

    def found(self, base: Path) -> Data:
        kind = CHOICES[self.key].get(held_by(base / self.path), Images)
        size = {"size": self.size} if self.size is not None and "size" in kind.model_fields else {}
        found = kind.model_validate({"path": self.path, **size})
        assert isinstance(found, Data)
        return found


# What a path alone stands for, by its ending; any other is a folder.
ENDINGS: dict[str, type[Data]] = {
    ".npz": Arrays, ".npy": Arrays, ".csv": Table, ".parquet": Table, ".txt": Text, ".tsv": Parallel,
    ".jsonl": Texts, ".tar": Shards,
}  # fmt: skip


def data_at(path: str) -> Data:
    """The data that a path alone stands for."""
    return ENDINGS.get(PurePath(path).suffix.lower(), Folder).model_validate({"path": path})
