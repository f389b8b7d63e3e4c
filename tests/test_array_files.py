"""Arrays from files: what damaged and hostile ones are told, what arrays are for, and byte-order marks of texts."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import nnspec
from nnspec.cli.main import main
from nnspec.reading.arrays import read_arrays
from tests.test_train_data import read_text

NET = "model Net {\n  input x: float[N, 2]\n  output y = x + 0\n}\n"


def npy(array: np.ndarray, pickled: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def header(descr: str, shape: str, data: bytes) -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (63 - (len(text) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + data


def archive(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, content in members.items():
            file.writestr(name, content)


def locked(path: Path) -> None:
    """An archive whose first member says that it is encrypted."""
    archive(path, {"x.npy": npy(np.zeros((2, 2)))})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(content))


def bomb(path: Path) -> None:
    """An archive of 400 KB that unpacks to 400 MB of zeros."""
    rows = 50_000_000
    start = header("'<f8'", f"({rows // 2}, 2)", b"")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("x.npy", "w", force_zip64=True) as member:
        member.write(start)
        for _ in range(400):
            member.write(bytes(8 * rows // 400))


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "shape.npy": (lambda p: p.write_bytes(header("'<f4'", "(3, 5)", bytes(16))), "is to have the shape [3, 5]"),
    "negative.npy": (lambda p: p.write_bytes(header("'<f4'", "(-1, -4)", bytes(16))), "is to have the shape [-1, -4]"),
    "truth.npy": (lambda p: p.write_bytes(header("'<f4'", "(True, 4)", bytes(16))), "is to have the shape [True, 4]"),
    "words.npy": (lambda p: p.write_bytes(header("'<f4'", "('a', 4)", bytes(16))), "damaged"),
    "huge.npy": (lambda p: p.write_bytes(header("'<f4'", "(99999999999999999999,)", bytes(8))), "is to have the shape"),
    "cut.npy": (lambda p: p.write_bytes(npy(np.zeros((4, 2)))[:-8]), "has 56 bytes"),
    "long.npy": (lambda p: p.write_bytes(npy(np.zeros((4, 2))) + b"more"), "has 68 bytes"),
    "empty.npy": (lambda p: p.write_bytes(b""), "no header of a .npy file"),
    "object.npy": (lambda p: p.write_bytes(npy(np.array([{}, {}]), pickled=True)), "holds Python objects"),
    "record.npy": (lambda p: p.write_bytes(npy(np.zeros(2, [("a", "f4")]))), "holds elements of type"),
    "complex.npy": (lambda p: p.write_bytes(npy(np.zeros((1, 2), complex))), "holds elements of type complex128"),
    "text.npy": (lambda p: p.write_bytes(npy(np.array(["a", "b"]))), "holds elements of type <U1"),
    "date.npy": (lambda p: p.write_bytes(npy(np.array(["2024-01-01"], "M8[D]"))), "holds elements of type datetime64"),
    "none.npz": (lambda p: p.write_bytes(b"PK no archive"), "it cannot be read as .npz"),
    "locked.npz": (locked, "protected by a password"),
    "bomb.npz": (bomb, "unpack to"),
    "pickle.npz": (lambda p: archive(p, {"x.npy": npy(np.array([{}]), pickled=True)}), "holds Python objects"),
    "twice.npz": (lambda p: archive(p, {"x.npy": npy(np.zeros(2)), "x": npy(np.zeros(2))}), "two arrays called x"),
    "other.npz": (lambda p: archive(p, {"x.txt": b"text"}), "x.txt has no header of a .npy file"),
}


def predict(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["predict", *arguments])


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_and_hostile_arrays_are_refused_alike_by_training_and_prediction(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write, message = HOSTILE[name]
    write(Path(name))
    nnspec.loads(NET).export_onnx("net.onnx", verify=False)
    result = predict("net.onnx", "--input", f"x={name}")
    assert result.exit_code == 1 and result.stderr.startswith("error[E0803]") and message in result.stderr
    with pytest.raises(nnspec.SpecError) as caught:
        read_text(f'arrays("{name}")', tmp_path)
    assert caught.value.diagnostics[0].code == "E0611" and message in caught.value.diagnostics[0].message
    for text in (result.stderr, str(caught.value)):
        assert "pickle" not in text.replace(name, "") and "\x1b" not in text


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["<f8", ">f4", "<f2", ">i4", "u1", "?", "<u8"])
def test_arrays_of_every_order_are_read_as_they_are(kind: str, order: str, tmp_path: Path) -> None:
    array = np.asarray(np.arange(6).reshape(3, 2) % 2, kind, order=order)  # type: ignore[call-overload]
    np.save(tmp_path / "x.npy", array)
    np.savez_compressed(tmp_path / "x.npz", x=array)
    for name in ("x.npy", "x.npz"):
        found = read_arrays(tmp_path / name)["x"]
        assert found.dtype.isnative and found.tolist() == array.tolist()


SEGMENT = """
model S(classes = 1) {
  input image: float[N, 1, 16, 16]
  output logits = Conv2d(4, 3, padding = 1) -> ReLU -> Conv2d(classes, 1)
}
train {
  data = arrays("masks.npz")
  loss = LOSS
  epochs = 1
  batch = 8
}
"""
BINARY = "binary_cross_entropy_with_logits(logits, mask)"


def masks(folder: Path, kind: str = "u1", shape: tuple[int, ...] = (20, 16, 16), greatest: int = 1) -> np.ndarray:
    mask = np.zeros((20, 16, 16), np.int64)
    mask[:, 4:12, 4:12] = greatest
    image = (mask * (150 // greatest) + 20).astype(np.uint8)
    np.savez(folder / "masks.npz", image=image, mask=mask.astype(kind).reshape(shape))
    return mask


def trained(folder: Path, spec: str):  # type: ignore[no-untyped-def]
    (folder / "s.nn").write_text(spec)
    return nnspec.load(folder / "s.nn").train(runs=folder / "runs", quiet=True)


@pytest.mark.parametrize("shape", [(20, 16, 16), (20, 1, 16, 16), (20, 16, 16, 1)])
@pytest.mark.parametrize("kind", ["u1", "?", "i8", "u2"])
def test_a_mask_of_whole_numbers_is_never_scaled(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    masks(tmp_path, kind, shape)
    spec = SEGMENT.replace("LOSS", f"{BINARY}\n  metrics = [mean(mask), dice(sigmoid(logits), mask)]")
    history = trained(tmp_path, spec).history[0]
    assert 0.25 in history.values()  # the share of ones


def test_a_net_that_finds_nothing_has_no_dice_where_there_is_something(tmp_path: Path) -> None:
    masks(tmp_path)
    spec = SEGMENT.replace("LOSS", f"{BINARY}\n  metrics = [dice(sigmoid(logits * 0.0 - 5.0), mask)]")
    assert trained(tmp_path, spec).history[0]["dice"] == 0.0


@pytest.mark.parametrize("kind", ["u1", "i4", "u2"])
def test_a_map_of_classes_serves_the_cross_entropy(kind: str, tmp_path: Path) -> None:
    masks(tmp_path, kind, greatest=2)
    spec = SEGMENT.replace("LOSS", "cross_entropy(logits, mask)\n  metrics = [accuracy(logits, mask)]")
    assert trained(tmp_path, spec.replace("classes = 1", "classes = 3")).history
    with pytest.raises(nnspec.SpecError, match="tells 2 classes apart, and `mask` of the data has 3"):
        trained(tmp_path, spec.replace("classes = 1", "classes = 2"))


def test_a_mask_of_0_and_255_is_refused_by_a_loss_that_compares_with_0_and_1(tmp_path: Path) -> None:
    masks(tmp_path, greatest=255)
    with pytest.raises(nnspec.SpecError) as caught:
        trained(tmp_path, SEGMENT.replace("LOSS", BINARY))
    (found,) = caught.value.diagnostics
    assert "`mask` has values from 0 to 255" in found.message and "divide it by 255" in (found.help or "")


@pytest.mark.parametrize(("kind", "white"), [("u1", 255), ("u2", 65_535)])
def test_what_a_model_takes_as_floats_is_a_picture_and_said(kind: str, white: int, tmp_path: Path) -> None:
    image = np.zeros((4, 6, 5, 3), kind)
    image[:, 0] = white
    np.savez(tmp_path / "a.npz", image=image, other=image[..., 0], label=np.arange(4, dtype="u1"))
    model = nnspec.loads("model M {\n  input image: float[N, 3, 6, 5]\n  Flatten -> Linear(4)\n}")
    from nnspec.recipe.data import Arrays
    from nnspec.train.data.dataset import Frame
    from nnspec.train.data.read import read

    inputs = {"image": model.program.main.input_types[0]}
    data = read(Arrays(path="a.npz"), tmp_path, Frame(3, 6, 5), None, inputs)
    assert data.fields["image"].shape == (4, 3, 6, 5) and data.fields["image"].max() == 1
    assert data.fields["other"].max() == white and data.notes == (f"image is pictures: {white:,} becomes 1",)
    both = read(Arrays(path="a.npz", pictures=("other",)), tmp_path, Frame(3, 6, 5), None, inputs)
    assert both.fields["other"].max() == 1 and both.pictures == {"image", "other"}
    with pytest.raises(nnspec.SpecError, match="any of image, other may be pictures"):
        read(Arrays(path="a.npz"), tmp_path, Frame(None, None, None), None)
    with pytest.raises(nnspec.SpecError, match="it has no array imag"):
        read(Arrays(path="a.npz", pictures=("imag",)), tmp_path, Frame(None, None, None), None)


MARK = "\ufeff"


def test_a_byte_order_mark_is_no_part_of_any_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.txt").write_text(MARK + "hello world\n" * 9, "utf-8")
    assert MARK not in read_text('text("t.txt", length = 4)', tmp_path).classes
    Path("p.tsv").write_text(MARK + "a b\tb a\nc d\td c\n", "utf-8")
    assert MARK not in "".join(read_text('parallel("p.tsv")', tmp_path).vocabularies["source"])
    Path("t.csv").write_text(MARK + "a,kind\n1,x\n2,y\n", "utf-8")
    assert read_text('table("t.csv")', tmp_path).columns == ("a",)
    Path("m.nn").write_text(MARK + NET, "utf-8")
    model = nnspec.load("m.nn")
    assert nnspec.loads(MARK + NET).name == model.name
    assert nnspec.from_json(MARK + model.to_json()).to_json() == model.to_json()
    assert nnspec.from_json((MARK + model.to_json()).encode()).to_json() == model.to_json()
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
             "vocab_size": 11, "max_position_embeddings": 6}  # fmt: skip
    Path("config.json").write_text(MARK + json.dumps({"model_type": "bert", **sizes}), "utf-8")
    result = CliRunner().invoke(main, ["import", "config.json"])
    assert result.exit_code == 0, result.output


def test_lines_given_to_a_model_begin_without_a_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nnspec.infer.files import lines_in

    (tmp_path / "x.txt").write_bytes((MARK + "one\r\ntwo\u2028three\r\n").encode())
    assert lines_in(tmp_path / "x.txt") == ["one", "two\u2028three"]
