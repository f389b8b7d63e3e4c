"""Data by its readers, the data sets that are made, and what augmentation does to them."""

from __future__ import annotations

import gzip
import json
import random
import struct
from pathlib import Path

import datasets
import numpy as np
import pyarrow
import pytest
import torch
from PIL import Image
from pyarrow import parquet
from safetensors import safe_open
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

import nnspec
from nnspec.recipe.data import Data, Glyphs, Iris, Reversals, Shapes, Spirals, Text
from nnspec.train.data.dataset import Frame
from nnspec.train.data.read import read

FRAME = Frame(None, None, None)
LINEAR = """
model Linear2 {
  input features: float[N, 2]
  output logits = fc: Linear(2)
}
train { epochs = 1 }
"""
PIXELWISE = """
model Pixelwise(classes = 4) {
  input image: float[N, 1, H, W]
  output logits = Conv2d(8, 3, padding = 1) -> ReLU -> Conv2d(classes, 3, padding = 1)
}
train {
  data    = shapes(samples = 40, size = 16)
  augment = [random_flip, random_shift(2), random_rotation(20)]
  loss    = cross_entropy(logits, mask)
  metrics = [mean_iou(logits, mask), accuracy(logits, mask)]
  epochs  = 2
  batch   = 8
}
"""


def arrays(count: int, levels: int = 10) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    return draws.integers(0, 256, (count, 6, 5), dtype=np.uint8), np.arange(count, dtype=np.uint8) % levels


def write_idx(folder: Path, packed: bool = False) -> None:
    for part, count in (("train", 30), ("t10k", 10)):
        for kind, array in zip(("images-idx3", "labels-idx1"), arrays(count), strict=True):
            content = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
            path = folder / f"{part}-{kind}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)


def read_text(text: str, base: Path):  # type: ignore[no-untyped-def]
    """What a recipe with `data = text` reads."""
    from nnspec.recipe.plan import read_plan

    model = nnspec.loads(f"model M {{\n  input x: float[N, 2]\n  Linear(2)\n}}\ntrain {{ data = {text} }}")
    assert model.declarations is not None
    return read(read_plan(model.declarations, "M").recipe.data, base, FRAME, None)


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_and_their_own_test_part_is_held_out(packed: bool, tmp_path: Path) -> None:
    write_idx(tmp_path, packed)
    data = read_text('idx(".")', tmp_path)
    assert data.fields["image"].shape == (40, 1, 6, 5) and data.tested == 10
    np.testing.assert_allclose(data.fields["image"][0, 0], arrays(30)[0][0] / 255, rtol=1e-6)
    assert data.fields["label"][:12].tolist() == [*range(10), 0, 1]
    spec = "model M {\n  input image: float[N, 1, 6, 5]\n  Flatten -> Linear(10)\n}"
    nnspec.loads(spec).train(runs=tmp_path, quiet=True, epochs=1, data=f'idx("{tmp_path}")')


def test_cifar_is_read_from_its_binary_version_and_its_pickles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(b"\x80\x02}q\x01.")
    with pytest.raises(nnspec.SpecError, match="Python pickles"):
        read_text('cifar(".")', tmp_path)
    for name, count in (("data_batch_1.bin", 3), ("test_batch.bin", 2)):
        (tmp_path / name).write_bytes(b"".join(bytes([row]) + bytes([10 * row] * 3072) for row in range(count)))
    data = read_text('cifar(".")', tmp_path)
    assert data.fields["image"].shape == (5, 3, 32, 32) and data.tested == 2 and data.classes[9] == "truck"
    assert data.fields["label"].tolist() == [0, 1, 2, 0, 1]
    assert data.fields["image"][2].unique().tolist() == pytest.approx([20 / 255])


def test_cifar_100_has_fine_and_coarse_classes(tmp_path: Path) -> None:
    (tmp_path / "train.bin").write_bytes(b"".join(bytes([row, 99 - row]) + bytes(3072) for row in range(4)))
    data = read_text('cifar(".")', tmp_path)
    assert data.fields["label"].tolist() == [99, 98, 97, 96] and data.fields["coarse"].tolist() == [0, 1, 2, 3]


def test_pictures_and_their_masks_are_read_in_pairs(tmp_path: Path) -> None:
    for name in ("image", "mask"):
        (tmp_path / "set" / name).mkdir(parents=True)
    for index in range(3):
        Image.new("RGB", (8, 6), (index, 0, 255)).save(tmp_path / "set" / "image" / f"{index}.png")
        mask = np.zeros((6, 8), np.uint8)
        mask[0, 0] = index
        Image.fromarray(mask).save(tmp_path / "set" / "mask" / f"{index}.png")
    data = read_text('pairs("set", labels = ["mask"])', tmp_path)
    assert data.fields["image"].shape == (3, 3, 6, 8) and data.fields["mask"].dtype == torch.int64
    assert data.fields["mask"][:, 0, 0].tolist() == [0, 1, 2] and data.masks == {"mask"}
    with pytest.raises(nnspec.SpecError, match="nothing in the pictures of mask is brighter than 2 of 255"):
        read_text('pairs("set")', tmp_path)  # as greys they would all be black
    with pytest.raises(nnspec.SpecError, match="did you mean mask"):
        read_text('pairs("set", labels = ["msk"])', tmp_path)
    (tmp_path / "set" / "mask" / "1.png").unlink()
    with pytest.raises(nnspec.SpecError, match="these are missing: mask/1"):
        read_text('pairs("set", labels = ["mask"])', tmp_path)


def test_a_table_has_numbers_texts_and_what_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("size,color,price,kind\n1,red,10,b\n2,blue,20,a\n3,red,30,b\n")
    data = read_text('table("t.csv")', tmp_path)
    assert data.classes == ("a", "b") and data.fields["label"].tolist() == [1, 0, 1]
    assert data.fields["features"].tolist() == [[1, 0, 1, 10], [2, 1, 0, 20], [3, 0, 1, 30]]
    assert read_text('table("t.csv", target = "price")', tmp_path).fields["target"].tolist() == [[10], [20], [30]]


# Models that the data would fit, if there were any.
TOKENS = LINEAR.replace("features: float[N, 2]", "tokens: int[N, T]").replace(
    "fc:", "Embedding(9, 2) -> Mean(dim = 1) -> fc:"
)
TOKENS = TOKENS.replace("{ epochs", "{ loss = cross_entropy(logits, next[:, 0]); epochs")
PICTURED = LINEAR.replace("features: float[N, 2]", "image: float[N, 1, 8, 8]").replace("fc:", "Flatten -> fc:")
FITTING = {"text": TOKENS, "idx": PICTURED, "cifar": PICTURED, "pairs": PICTURED}


@pytest.mark.parametrize(
    ("content", "call", "message"),
    [
        ("a,b\n1,x\n2\n", 'table("t.csv")', "row 3 has 1 values, and there are 2 columns"),
        ("a,b\n1,x\n,y\n", 'table("t.csv")', "row 3 has no value for a"),
        ("a,kind\n1,x\n2,y\n", 'table("t.csv", label = "knid")', "it has no column knid"),
        ("a,kind\n1,x\n2,y\n", 'table("t.csv", target = "kind")', "its column kind is not made of numbers"),
        ("", 'table("t.csv")', "it needs a line of different names and at least two rows"),
        ("abc", 'text("t.csv", length = 4)', "it has 3 characters, fewer than two windows of 4"),
        ("", 'table("nothing.csv")', "there is no such file"),
        ("", 'text("nothing.txt")', "there is no such file"),
        ("", 'idx("nothing")', "there is no train-images-idx3-ubyte"),
        ("", 'cifar("nothing")', "there is no data_batch_1.bin"),
        ("", 'pairs("nothing")', "there is no such folder"),
    ],
)
def test_a_file_that_is_no_data_is_told_with_the_place_in_the_recipe(
    content: str, call: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text(content)
    spec = FITTING.get(call.partition("(")[0], LINEAR)
    (tmp_path / "spec.nn").write_text(spec.replace("epochs = 1", f"data = {call}"))
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.load(tmp_path / "spec.nn").train(runs=tmp_path / "runs", quiet=True)
    (found,) = caught.value.diagnostics
    assert found.code == "E0611" and message in found.message
    assert found.span is not None and found.span.source.text[found.span.start : found.span.end] == call


def test_a_damaged_idx_file_is_refused(tmp_path: Path) -> None:
    write_idx(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(nnspec.SpecError, match="it should hold 900 elements, and holds 899"):
        read_text('idx(".")', tmp_path)
    path.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, 2**31, 2**20, 2**20))
    with pytest.raises(nnspec.SpecError, match=r"it takes .* bytes"):
        read_text('idx(".")', tmp_path)


@pytest.mark.parametrize("form", ["one file", "folder", "archive"])
def test_arrays_are_read_from_every_kind_of_numpy_file(form: str, tmp_path: Path) -> None:
    arrays = {"x": np.arange(6, dtype=np.float64).reshape(3, 2), "image": np.full((3, 4, 5), 51, np.uint8)}
    if form == "archive":
        np.savez(tmp_path / "set.npz", **arrays)
    else:
        (tmp_path / "set").mkdir()
        for name, array in arrays.items():
            np.save(tmp_path / "set" / f"{name}.npy", array)
    name = {"one file": "set/x.npy", "folder": "set", "archive": "set.npz"}[form]
    data = read_text(f'arrays("{name}")', tmp_path)
    assert data.fields["x"].dtype == torch.float32 and data.fields["x"].tolist() == [[0, 1], [2, 3], [4, 5]]
    if form != "one file":
        assert data.pictures == {"image"} and data.fields["image"].shape == (3, 1, 4, 5)
        assert data.fields["image"].unique().tolist() == pytest.approx([0.2])


def test_arrays_that_cannot_be_trusted_are_refused_before_they_are_read(tmp_path: Path) -> None:
    np.save(tmp_path / "object.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    with pytest.raises(nnspec.SpecError, match="object holds Python objects"):
        read_text('arrays("object.npy")', tmp_path)
    np.save(tmp_path / "huge.npy", np.zeros(3))
    content = (tmp_path / "huge.npy").read_bytes()
    (tmp_path / "huge.npy").write_bytes(content.replace(b"(3,), }" + b" " * 12, b"(300000000000,), }" + b" "))
    with pytest.raises(
        nnspec.SpecError, match=r"huge is to have the shape \[300000000000\] of float64, and has 24 bytes"
    ):
        read_text('arrays("huge.npy")', tmp_path)


def test_a_parquet_file_is_the_table_that_its_csv_file_is(tmp_path: Path) -> None:
    columns = {"size": [1, 2, 3], "color": ["red", "blue", "red"], "price": [10.0, 20.0, 30.5], "kind": ["b", "a", "b"]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet", row_group_size=2)
    rows = [",".join(map(str, row)) for row in [list(columns), *zip(*columns.values(), strict=True)]]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    for call in ('table("t.{}")', 'table("t.{}", target = "price")', 'table("t.{}", label = "size")'):
        left, right = (read_text(call.format(ending), tmp_path) for ending in ("csv", "parquet"))
        assert left.fields.keys() == right.fields.keys() and left.classes == right.classes
        assert all(torch.equal(left.fields[name], right.fields[name]) for name in left.fields)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1.0, None, 3.0], "b": [1, 2, 3]}, "row 2 has no value for a"),
        ({"a": [1.0, 2.0, float("nan")], "b": [1, 2, 3]}, "row 3 has no value for a"),
        ({"a": [[1], [2], [3]], "b": [1, 2, 3]}, "column a has elements of type list<"),
        ({"a": [1], "b": [2]}, "at least two rows"),
    ],
)
def test_a_parquet_file_that_is_no_table_is_refused(columns: dict[str, list], message: str, tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    with pytest.raises(nnspec.SpecError, match=message):
        read_text('table("t.parquet")', tmp_path)
    (tmp_path / "t.parquet").write_bytes(b"PAR1 this is none PAR1")
    with pytest.raises(nnspec.SpecError, match="it cannot be read"):
        read_text('table("t.parquet")', tmp_path)


def tokenizer_file(path: Path) -> None:
    """A tokenizer of three words, as Hugging Face's tokenizers store it."""
    words = {"[UNK]": 0, "to": 1, "be": 2, "not": 3}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(path))


def test_tokens_are_those_of_a_tokenizer_file_which_is_kept(tmp_path: Path) -> None:
    tokenizer_file(tmp_path / "tokenizer.json")
    (tmp_path / "t.txt").write_text("to be or not to be")
    data = read_text('text("t.txt", tokenizer = "tokenizer.json", length = 2)', tmp_path)
    assert data.fields["tokens"].tolist() == [[1, 2], [0, 3]] and data.fields["next"].tolist() == [[2, 0], [3, 1]]
    assert data.tokenizer is not None and Tokenizer.from_str(data.tokenizer).decode([1, 2]) == "to be"
    for content, reason in (("{}", "it holds no tokenizer"), (None, "there is no such file")):
        (tmp_path / "tokenizer.json").write_text(content) if content else (tmp_path / "tokenizer.json").unlink()
        with pytest.raises(nnspec.SpecError, match=reason):
            read_text('text("t.txt", tokenizer = "tokenizer.json")', tmp_path)


def test_a_tokenizer_that_lacks_a_token_for_the_unknown_is_refused(tmp_path: Path) -> None:
    tokenizer_file(tmp_path / "tokenizer.json")
    text = (tmp_path / "tokenizer.json").read_text()
    (tmp_path / "tokenizer.json").write_text(
        text.replace('"[UNK]": 0', '"[UNKNOWN]": 0').replace('"[UNK]":0', '"[UNKNOWN]":0')
    )
    (tmp_path / "t.txt").write_text("to be or not to be " * 4)
    with pytest.raises(nnspec.SpecError, match="it cannot split the text"):
        read_text('text("t.txt", tokenizer = "tokenizer.json", length = 2)', tmp_path)


def test_lines_and_their_translations_are_padded_pairs_of_tokens(tmp_path: Path) -> None:
    (tmp_path / "en.txt").write_text("a dog\na cat and a dog\na b c d e f\n")
    (tmp_path / "de.txt").write_text("ein Hund\neine Katze und ein Hund\nzu lang\n")
    data = read_text('parallel("en.txt", "de.txt", length = 5)', tmp_path)
    source, target = data.vocabularies["source"], data.vocabularies["target"]
    assert source[:4] == ("<padding>", "<start>", "<end>", "<rare>") and source[4] == "a" and data.classes == target
    assert [source[token] for token in data.fields["source"][0]] == ["a", "dog", *3 * ["<padding>"]]
    assert [target[token] for token in data.fields["target"][0]] == ["ein", "Hund", "<end>", *3 * ["<padding>"]]
    assert [target[token] for token in data.fields["given"][0]] == ["<start>", "ein", "Hund", *3 * ["<padding>"]]
    assert data.notes == ("1 pairs of more than 5 tokens are left out",)
    (tmp_path / "pairs.tsv").write_text("ab\tba\tby somebody\nbc\tcb\tby another\n")
    letters = read_text('parallel("pairs.tsv", unit = "character", vocabulary = 2)', tmp_path)
    assert letters.fields["source"].tolist() == [[5, 4], [4, 3]] and letters.fields["target"].tolist()[1] == [3, 4, 2]
    tokenizer_file(tmp_path / "tokenizer.json")
    pieces = read_text('parallel("pairs.tsv", tokenizer = "tokenizer.json")', tmp_path)
    assert pieces.fields["source"].tolist() == [[4], [4]] and len(pieces.classes) == 8


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("a\nb\n", "c\n", "it has 2 lines, and right.txt has 1"),
        ("a\n\n", "b\nc\n", "line 2 has no source"),
        ("a\nb\n", "c\n \n", "line 2 has no translation"),
        ("a\n", "b\n", "it holds 1 pairs of lines"),
        ("a a a\nb b b\n", "c\nd\n", "2 of its 2 pairs are longer than 2 tokens"),
    ],
)
def test_lines_that_do_not_belong_together_are_told(left: str, right: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "left.txt").write_text(left)
    (tmp_path / "right.txt").write_text(right)
    with pytest.raises(nnspec.SpecError, match=message):
        read_text('parallel("left.txt", "right.txt", length = 2)', tmp_path)


TEXTS = ["to be", "not to be to", "or", "not", "be"]


def test_a_data_set_of_hugging_face_is_read_from_its_folder(tmp_path: Path) -> None:
    kinds = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["no", "yes"]),
             "row": datasets.List(datasets.Value("float32")), "ragged": datasets.List(datasets.Value("int64")),
             "text": datasets.Value("string")}  # fmt: skip
    pictures = [Image.new("RGB", (6, 4), (51 * index, 0, 255)) for index in range(5)]

    def split(first: int, last: int) -> datasets.Dataset:
        rows = range(first, last)
        columns = {"image": [pictures[i] for i in rows], "label": [i % 2 for i in rows], "row": [[i, 0.5] for i in rows],
                   "ragged": [[1] * i for i in rows], "text": TEXTS[first:last]}  # fmt: skip
        return datasets.Dataset.from_dict(columns, features=datasets.Features(kinds))

    datasets.DatasetDict({"train": split(0, 3), "test": split(3, 5)}).save_to_disk(str(tmp_path / "set"))
    data = read_text('hugging_face("set", held_out = "test")', tmp_path)
    assert data.fields["image"].shape == (5, 3, 4, 6) and data.pictures == {"image"} and data.held_out == 2
    assert data.fields["image"][:, 0, 0, 0].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert data.fields["label"].tolist() == [0, 1, 0, 1, 0] and data.classes == ("no", "yes")
    assert data.fields["row"].tolist() == [[i, 0.5] for i in range(5)]
    assert data.notes == ("columns that are left out: ragged, text",)
    assert len(read_text('hugging_face("set", split = "test", size = 8)', tmp_path).fields["image"][0, 0]) == 8
    tokenizer_file(tmp_path / "tokenizer.json")
    texts = read_text('hugging_face("set", tokenizer = "tokenizer.json", length = 3)', tmp_path)
    assert texts.fields["text"][:3].tolist() == [[5, 6, 0], [7, 5, 6], [4, 0, 0]]
    assert texts.fields["text_lengths"].tolist()[:3] == [2, 3, 1] and texts.texts == {
        "text": {"column": "text", "length": 3}
    }
    assert texts.own.training == range(3) and texts.own.test == range(3, 5)
    assert texts.vocabularies["text"][5] == "to"
    assert texts.notes == ("columns that are left out: ragged",) and texts.tokenizer is not None
    with pytest.raises(nnspec.SpecError, match="did you mean test"):
        read_text('hugging_face("set", split = "tests")', tmp_path)
    with pytest.raises(nnspec.SpecError, match="there is no such folder"):
        read_text('hugging_face("./sat")', tmp_path)
    next((tmp_path / "set" / "test").glob("*.arrow")).write_bytes(b"damaged")
    with pytest.raises(nnspec.SpecError, match="it cannot be read"):
        read_text('hugging_face("set", held_out = "test")', tmp_path)


def test_glyphs_are_drawn_characters_that_differ_from_sample_to_sample(tmp_path: Path) -> None:
    data = read_text('glyphs(samples = 60, characters = "AEI", noise = 0)', tmp_path)
    image = data.fields["image"]
    assert image.shape == (60, 1, 28, 28) and data.classes == ("A", "E", "I") and data.fields["label"].max() == 2
    assert image.amax((1, 2, 3)).min() > 0.9 and image.amin((1, 2, 3)).max() == 0
    assert image.flatten(1).unique(dim=0).shape[0] == 60
    ink = torch.stack([image[data.fields["label"] == label].mean() for label in range(3)])
    assert ink.argmin() == 2  # an I has the least
    with pytest.raises(nnspec.SpecError, match="the font has no \u4e2d"):
        read_text('glyphs(characters = "A\u4e2d")', tmp_path)
    with pytest.raises(nnspec.SpecError, match="different characters"):
        read_text('glyphs(characters = "AA")', tmp_path)


def test_characters_are_windows_with_the_next_one_as_the_target(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("abcabdabe")
    data = read_text('text("t.txt", length = 3)', tmp_path)
    assert data.classes == tuple("abcde") and data.in_order
    assert data.fields["tokens"].tolist() == [[0, 1, 2], [0, 1, 3]]
    assert data.fields["next"].tolist() == [[1, 2, 0], [1, 3, 0]]
    own = read(Text(), tmp_path, FRAME, None)
    assert len(own.classes) == 96 and len(own) > 2000


@pytest.mark.parametrize(
    "choice", [Spirals(samples=60), Shapes(samples=4, size=32), Reversals(samples=9), Iris(), Glyphs(samples=9)]
)
def test_sets_without_files_are_the_same_every_time(choice: Data, tmp_path: Path) -> None:
    first, second = (read(choice, tmp_path, FRAME, None) for _ in range(2))
    assert all(torch.equal(first.fields[name], second.fields[name]) for name in first.fields)
    assert all(bool(torch.isfinite(x).all()) for x in first.fields.values())


def test_made_sets_are_what_they_say(tmp_path: Path) -> None:
    shapes = read(Shapes(samples=8, size=32, noise=0.0), tmp_path, FRAME, None)
    assert shapes.fields["mask"].unique().tolist() == [0, 1, 2, 3]
    assert bool((shapes.fields["image"][:, 0][shapes.fields["mask"] == 0] < 0.11).all())
    pairs = read(Reversals(samples=5, length=4), tmp_path, FRAME, None)
    assert torch.equal(pairs.fields["source"].flip(1), pairs.fields["target"])
    assert torch.equal(pairs.fields["given"][:, 1:], pairs.fields["target"][:, :-1])
    iris = read(Iris(), tmp_path, FRAME, None)
    assert len(iris) == 150 and iris.fields["label"].bincount().tolist() == [50, 50, 50]
    np.testing.assert_allclose(iris.fields["features"].mean(0), [5.8433, 3.0573, 3.7580, 1.1993], atol=1e-4)


def test_a_segmentation_network_is_trained_on_shapes(tmp_path: Path) -> None:
    result = nnspec.loads(PIXELWISE).train(runs=tmp_path, quiet=True)
    assert result.measure == "mean_iou"
    with pytest.raises(nnspec.SpecError, match="tells 3 classes apart, and `mask` of the data has 4"):
        nnspec.loads(PIXELWISE.replace("classes = 4", "classes = 3")).train(runs=tmp_path, quiet=True)


def test_columns_of_a_table_are_normalised_apart_by_the_training_part(tmp_path: Path) -> None:
    model = nnspec.loads("model M {\n  input features: float[N, 4]\n  output y = Linear(3)\n}\ntrain { data = iris }")
    result = model.train(runs=tmp_path, quiet=True, epochs=1)
    with safe_open(result.last_weights, "pt") as file:
        mean, std = (json.loads(file.metadata()[f"nnspec.{name}"]) for name in ("mean", "std"))
    np.testing.assert_allclose(mean, [5.84, 3.06, 3.76, 1.20], atol=0.15)
    np.testing.assert_allclose(std, [0.83, 0.43, 1.76, 0.76], atol=0.1)


def test_what_tokens_mean_is_stored_with_the_weights(tmp_path: Path) -> None:
    tokenizer_file(tmp_path / "tokenizer.json")
    (tmp_path / "t.txt").write_text("to be or not to be " * 4)
    (tmp_path / "pairs.tsv").write_text("a b\tb a\nc\tc\nd e\te d\n")
    language = "model M {\n  input tokens: int[N, T]\n  Embedding(4, 4) -> Linear(4) -> Transpose(1, 2)\n}"
    recipe = (
        'train {\n  data = text("t.txt", tokenizer = "tokenizer.json", length = 3)\n  loss = cross_entropy(_, next)\n}'
    )
    translation = language.replace("tokens", "given").replace("4", "12")
    lines = 'train {\n  data = parallel("pairs.tsv")\n  loss = cross_entropy(_, target, ignore_index = 0)\n}'
    found = []
    for index, spec in enumerate((f"{language}\n{recipe}", f"{translation}\n{lines}")):
        (tmp_path / f"{index}.nn").write_text(spec)
        result = nnspec.load(tmp_path / f"{index}.nn").train(runs=tmp_path, quiet=True, epochs=1)
        with safe_open(result.last_weights, "pt") as file:
            found.append({key: json.loads(value) for key, value in file.metadata().items()})
    assert Tokenizer.from_str(found[0]["nnspec.tokenizer"]).get_vocab_size() == 4
    assert found[1]["nnspec.vocabularies"]["source"] == ["<padding>", "<start>", "<end>", "<rare>", *"abcde"]


def test_paths_from_outside_start_from_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "specs" / "m.nn").write_text(LINEAR.replace("epochs = 1", "data = spirals(samples = 20)"))
    monkeypatch.chdir(tmp_path / "here")
    first = nnspec.load("../specs/m.nn").train(name="first", quiet=True, epochs=1)
    Path("set.csv").write_text("x,y,label\n0,1,0\n1,0,1\n1,1,0\n")
    for given in ("runs/first/last.safetensors", '"runs/first/last.safetensors"', first.last_weights, "none"):
        result = nnspec.load("../specs/m.nn").train(quiet=True, epochs=1, weights=given, data=Path("set.csv"))
        assert result.history
    with pytest.raises(nnspec.SpecError, match="there is no such file"):
        nnspec.load("../specs/m.nn").train(quiet=True, epochs=1, weights="runs/none.safetensors")


TOKENS = """
model Language(vocab = 3) {
  input tokens: int[N, T]
  output logits = VECTORS -> Linear(9)
}
train {
  data = text("t.txt", length = 3)
  loss = cross_entropy(logits -> Transpose(1, 2), next)
}
"""


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ("tokens -> Embedding(vocab, 4)", "the model's input tokens counts from 0 to 4, and its table has 3 rows"),
        ("tokens + 0 -> Embedding(vocab, 4)", "PyTorch stopped: index out of range"),
    ],
)
def test_tokens_that_a_table_has_no_row_for_are_told(vectors: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("abcde" * 6)
    (tmp_path / "spec.nn").write_text(TOKENS.replace("VECTORS", vectors))
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.load(tmp_path / "spec.nn").train(runs=tmp_path / "runs", quiet=True)
    (found,) = caught.value.diagnostics
    assert message in found.message and found.help is not None and "vocab" in found.help
    result = nnspec.load(tmp_path / "spec.nn", settings={"vocab": 5}).train(runs=tmp_path, quiet=True, epochs=1)
    assert result.history


def test_a_target_has_the_length_of_what_is_given_before_it_even_where_the_source_is_as_long(tmp_path: Path) -> None:
    spec = """
model Translator {
  input source: int[N, S]
  input given: int[N, T]
  memory = source -> Embedding(21, 4) -> mean(_, dim = 1, keepdim = true)
  output logits = (given -> Embedding(21, 4)) + memory -> Linear(21)
}
train {
  data  = reversals(samples = 20, length = 5)
  loss  = cross_entropy(logits -> Transpose(1, 2), target)
}
"""
    assert nnspec.loads(spec).train(runs=tmp_path, quiet=True, epochs=1).history


def damaged(content: bytes, draws: random.Random) -> bytes:
    """The content with some bytes changed, cut off, or replaced by more or fewer."""
    place, length = draws.randrange(len(content)), draws.randint(1, 8)
    match draws.randrange(3):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + draws.randbytes(length) + content[place + length :]
    return content[:place] + draws.randbytes(draws.randint(0, 8)) + content[place + length :]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("a.npz", 'arrays("a.npz")'),
        ("b.npy", 'arrays("b.npy")'),
        ("t.parquet", 'table("t.parquet")'),
        ("train-images-idx3-ubyte.gz", 'idx(".")'),
        ("tokenizer.json", 'text("t.txt", tokenizer = "tokenizer.json", length = 4)'),
        ("set/dataset_info.json", 'hugging_face("set")'),
        ("set/data-00000-of-00001.arrow", 'hugging_face("set")'),
    ],
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else_comes_of_it(name: str, call: str, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", x=np.arange(60.0).reshape(20, 3), y=np.arange(20))
    np.save(tmp_path / "b.npy", np.arange(60.0).reshape(20, 3))
    parquet.write_table(pyarrow.table({"a": [0.5, 1.5] * 9, "b": ["x", "y"] * 9}), tmp_path / "t.parquet")
    write_idx(tmp_path, packed=True)
    tokenizer_file(tmp_path / "tokenizer.json")
    (tmp_path / "t.txt").write_text("to be or not to be " * 9)
    datasets.Dataset.from_dict({"x": [[1.0, 2.0]] * 9, "label": [0] * 9}).save_to_disk(str(tmp_path / "set"))
    path, draws = tmp_path / name, random.Random(0)
    content, refused = path.read_bytes(), 0
    assert len(read_text(call, tmp_path)) > 2
    for _ in range(60):
        path.unlink()  # the file may be mapped into memory
        path.write_bytes(damaged(content, draws))
        try:
            read_text(call, tmp_path)
        except nnspec.SpecError as error:
            refused += 1
            assert error.diagnostics[0].code == "E0611"
    assert refused > 20


@pytest.mark.parametrize(
    ("call", "package"),
    [
        ('table("t.parquet")', "pyarrow"),
        ('text("t.txt", tokenizer = "x.json")', "tokenizers"),
        ('hugging_face("x")', "datasets"),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(
    call: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.txt").write_text("to be or not to be")
    monkeypatch.setattr("nnspec.extras.find_spec", lambda name: None)
    with pytest.raises(nnspec.SpecError) as caught:
        read_text(call, tmp_path)
    (found,) = caught.value.diagnostics
    assert package in found.message and found.help == 'install it: pip install "nnspec[data]"'
