"""Every kind of file that nnspec reads: a whole one, and the calls behind the commands that read it."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from pyarrow import parquet, table
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

import nnspec
from nnspec.cli.runs import table as lines
from nnspec.huggingface.write import spec_of
from nnspec.infer.predict import predicted
from nnspec.infer.predictions import predictions
from nnspec.infer.report import describe
from nnspec.infer.session import Session
from nnspec.kinds import RUN as SETTINGS
from nnspec.layers.tensor_type import TensorType
from nnspec.manifest import MANIFEST, Manifest, digest
from nnspec.recipe.data import Arrays, Cifar, Data, Idx, Images, Pairs, Parallel, Table, Text
from nnspec.recipe.plan import read_plan
from nnspec.train.comparison import differences, find_runs, read_run
from nnspec.train.data.dataset import Frame
from nnspec.train.data.read import read

NET = """
model Net(width = 3) {
  input image: float[N, 1, 6, 5]
  conv: Conv2d(width, 3) -> bn: BatchNorm2d -> ReLU -> Flatten
  output logits = fc: Linear(2)
}
train {
  data = images("set")
  epochs = 1
}
"""
ROWS = "model Rows {\n  input features: float[N, 3]\n  output y = Linear(2)\n}\n"
LANGUAGE = "model Language {\n  input tokens: int[N, T]\n  output logits = Embedding(30, 4) -> Linear(30)\n}\n"
RUN = """
model Small {
  input features: float[N, 2]
  output logits = Linear(3) -> ReLU -> Linear(2)
}
train {
  data = table("t.csv")
  epochs = 1
  batch = 8
}
"""
CSV = "a,b,kind\n" + "".join(f"{i / 7:.3f},{i % 5},{'xy'[i % 2]}\n" for i in range(24))
LINES = "to be or not to be, Köln\n" * 8
EVERY = Frame(None, None, None)


class Kind(NamedTuple):
    """A kind of file: what it is called, what it holds, what else lies beside it, and what reads it."""

    name: str
    path: str
    content: bytes
    beside: dict[str, bytes]
    read: Callable[[Path], object]  # of the folder


@cache
def kinds() -> tuple[Kind, ...]:
    """All of them."""
    return (*_specs(), *_weights(), *_arrays(), *_pictures(), *_tables(), *_texts(), *_binaries(), *_models(), *_runs())


def _set(data: Data, **inputs: TensorType) -> Callable[[Path], object]:
    return lambda folder: read(data, folder, EVERY, None, inputs or None)


@cache
def _session(text: str) -> Session:
    """A model with new weights, which knows the characters of `LINES`."""
    model = nnspec.loads(text)
    with TemporaryDirectory() as name:
        state = {key: tensor.clone() for key, tensor in model.to_torch().state_dict().items()}
        save_file(state, Path(name, "a.safetensors"), {"nnspec.classes": json.dumps(sorted(set(LINES)))})
        return Session(model.to_onnx(Path(name, "a.safetensors")).SerializeToString())


def _predicted(text: str, name: str) -> Callable[[Path], object]:
    """What `predict` makes of a file."""

    def run(folder: Path) -> object:
        session = _session(text)
        return list(describe(*predicted(session, [(None, folder / name)])))

    return run


def _both(*readers: Callable[[Path], object]) -> Callable[[Path], object]:
    """One reader after the other; what one refuses is still given to the next."""

    def run(folder: Path) -> object:
        errors = []
        for each in readers:
            try:
                each(folder)
            except nnspec.SpecError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return None

    return run


def _specs() -> list[Kind]:
    def spec(folder: Path) -> object:
        model = nnspec.load(folder / "m.nn")
        assert model.declarations is not None
        return str(model.summary()), read_plan(model.declarations, model.name)

    def program(folder: Path) -> object:
        return str(nnspec.from_json((folder / "m.json").read_bytes()).summary())

    def configuration(folder: Path) -> object:
        return nnspec.loads(spec_of(folder / "config.json"))

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
             "vocab_size": 11, "max_position_embeddings": 6, "architectures": ["BertModel"]}  # fmt: skip
    other = "model Other {\n  input x: float[N, 3]\n  Linear(2)\n}\n"
    imported = 'import Other from "other.nn"\nmodel M {\n  input x: float[N, 3]\n  Other\n}\n'
    return [
        Kind("spec", "m.nn", NET.encode(), {}, spec),
        Kind("imported spec", "other.nn", other.encode(), {"m.nn": imported.encode()}, spec),
        Kind("JSON program", "m.json", nnspec.loads(NET).to_json().encode(), {}, program),
        Kind("config.json", "config.json", json.dumps({"model_type": "bert", **sizes}).encode(), {}, configuration),
    ]


def _weights() -> list[Kind]:
    state = {key: tensor.clone() for key, tensor in nnspec.loads(NET).to_torch().state_dict().items()}
    with TemporaryDirectory() as name:
        folder = Path(name)
        save_file(state, folder / "a.safetensors", {"nnspec.classes": '["x", "y"]', "nnspec.mean": "[0.5]"})
        torch.save({"state_dict": {f"module.{key}": x for key, x in state.items()}}, folder / "a.pt")
        torch.save(state, folder / "old.pt", _use_new_zipfile_serialization=False)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
    index = json.dumps({"metadata": {}, "weight_map": dict.fromkeys(state, "a.safetensors")}).encode()

    def loaded(name: str) -> Callable[[Path], object]:
        def run(folder: Path) -> object:
            model = nnspec.loads(NET)
            str(model.compare_weights(folder / name))
            return model.to_torch(folder / name)

        return run

    whole = {"a.safetensors": files["a.safetensors"]}
    return [
        Kind("safetensors", "a.safetensors", files["a.safetensors"], {}, loaded("a.safetensors")),
        Kind("index", "a.safetensors.index.json", index, whole, loaded("a.safetensors.index.json")),
        Kind("checkpoint", "a.pt", files["a.pt"], {}, loaded("a.pt")),
        Kind("old checkpoint", "old.pt", files["old.pt"], {}, loaded("old.pt")),
        Kind("pickle", "a.bin", pickle.dumps({"a": [1, 2.0, "x"]}), {}, loaded("a.bin")),
    ]


def _npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def _arrays() -> list[Kind]:
    image = np.arange(8 * 30, dtype=np.uint8).reshape(8, 6, 5)
    label = np.arange(8) % 2
    picture = TensorType("float", ("N", 1, 6, 5))  # type: ignore[arg-type]
    file, packed = io.BytesIO(), io.BytesIO()
    np.savez(file, image=image, label=label)
    np.savez_compressed(packed, image=image[:, None] / np.float32(255))
    folder = {"set/label.npy": _npy(label)}
    return [
        Kind("npy", "x.npy", _npy(np.linspace(0, 1, 60, dtype=np.float32).reshape(2, 1, 6, 5)), {},
             _both(_set(Arrays(path="x.npy")), _predicted(NET, "x.npy"))),
        Kind("npz", "x.npz", file.getvalue(), {}, _set(Arrays(path="x.npz"), image=picture)),
        Kind("packed npz", "x.npz", packed.getvalue(), {}, _both(_set(Arrays(path="x.npz")), _predicted(NET, "x.npz"))),
        Kind("folder of npy", "set/image.npy", _npy(image), folder, _set(Arrays(path="set"), image=picture)),
    ]  # fmt: skip


def _picture(ending: str, mode: str) -> bytes:
    levels = np.linspace(0, 255, 48 * 32).reshape(32, 48).astype(np.uint8)
    made = Image.fromarray(levels)
    if mode == "I;16":
        made = Image.fromarray(levels.astype(np.uint16) * 257)
    elif mode == "F":
        made = Image.fromarray(levels.astype(np.float32) / 255)
    elif mode == "frames":
        made = made.convert("P")
    else:
        made = made.convert("RGB").convert(mode)
    file, tag = io.BytesIO(), Image.Exif()
    tag[0x0112] = 6
    several = {"save_all": True, "append_images": [made.rotate(90)]} if mode == "frames" else {}
    exif = {} if ending in ("BMP", "GIF", "PPM") else {"exif": tag}
    made.save(file, ending, **several, **exif)
    return file.getvalue()


def _pictures() -> list[Kind]:
    found = []
    whole = _picture("PNG", "L")
    for ending, modes in {"PNG": ["L", "RGBA", "P", "I;16", "1", "frames"], "JPEG": ["L", "RGB", "CMYK"], "BMP": ["RGB", "P"],
                          "GIF": ["P", "frames"], "TIFF": ["RGB", "I;16", "F", "CMYK", "LAB"], "WEBP": ["RGB", "RGBA"],
                          "PPM": ["L", "RGB"]}.items():  # fmt: skip
        for mode in modes:
            name = f"a.{ending.lower()}"
            reader = _both(_set(Images(path="set", size=8)), _predicted(NET, f"set/x/{name}"))
            beside = {"set/x/b.png": whole, "set/y/a.png": whole}
            found.append(Kind(f"{ending} {mode}", f"set/x/{name}", _picture(ending, mode), beside, reader))
    mask = _picture("PNG", "P")
    beside = {"set/image/a.png": whole, "set/image/b.png": whole, "set/mask/b.png": mask}
    return [*found, Kind("mask", "set/mask/a.png", mask, beside, _set(Pairs(path="set", labels=("mask",))))]


def _tables() -> list[Kind]:
    columns = {"a": [0.5, 1.5, 2.5] * 6, "b": [1, 2, 3] * 6, "c": [True, False, True] * 6, "kind": ["x", "y", "z"] * 6}
    file = io.BytesIO()
    parquet.write_table(table(columns), file, row_group_size=9)
    rows = io.BytesIO()
    parquet.write_table(table({name: columns[name] for name in "abc"}), rows)
    numbers = "a;b;c\n1,5;2;3%\n2,5;-1;4%\n"
    named = {"kind": TensorType("int", ("N",)), "a": TensorType("float", ("N", 1))}  # type: ignore[arg-type]
    return [
        Kind("CSV", "t.csv", CSV.encode(), {}, _both(_set(Table(path="t.csv", label="kind")),
             _set(Table(path="t.csv", target="b", missing="mean"), **named))),
        Kind("CSV of numbers", "t.csv", numbers.encode(), {}, _both(_set(Table(path="t.csv", missing="drop")),
             _predicted(ROWS, "t.csv"))),
        Kind("Parquet", "t.parquet", file.getvalue(), {}, _both(_set(Table(path="t.parquet", label="kind")),
             _set(Table(path="t.parquet", target="b", missing="mean"), **named))),
        Kind("Parquet of numbers", "r.parquet", rows.getvalue(), {}, _predicted(ROWS, "r.parquet")),
    ]  # fmt: skip


def _texts() -> list[Kind]:
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "to": 1, "be": 2, "not": 3}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokens = Text(path="t.txt", tokenizer="tokenizer.json", length=4)
    return [
        Kind(
            "text",
            "t.txt",
            LINES.encode(),
            {},
            _both(_set(Text(path="t.txt", length=4)), _predicted(LANGUAGE, "t.txt")),
        ),
        Kind("TSV", "p.tsv", b"a b\tb a\nc d\td c\n" * 4, {}, _set(Parallel(path="p.tsv"))),
        Kind("tokenizer", "tokenizer.json", tokenizer.to_str().encode(), {"t.txt": LINES.encode()}, _set(tokens)),
        Kind(
            "tokenizer of lines",
            "tokenizer.json",
            tokenizer.to_str().encode(),
            {"p.tsv": b"to be\tbe to\nnot\tor\n"},
            _set(Parallel(path="p.tsv", tokenizer="tokenizer.json")),
        ),
    ]


def _binaries() -> list[Kind]:
    images = struct.pack(">4B3I", 0, 0, 8, 3, 12, 4, 4) + bytes(range(192))
    labels = struct.pack(">4BI", 0, 0, 8, 1, 12) + bytes(range(12))
    beside = {"train-labels-idx1-ubyte": labels}
    records = b"".join(bytes([row]) + bytes([10 * row]) * 3072 for row in range(4))
    return [
        Kind("IDX", "train-images-idx3-ubyte", images, beside, _set(Idx(path="."))),
        Kind(
            "IDX of labels", "train-labels-idx1-ubyte", labels, {"train-images-idx3-ubyte": images}, _set(Idx(path="."))
        ),
        Kind("packed IDX", "train-images-idx3-ubyte.gz", gzip.compress(images), beside, _set(Idx(path="."))),
        Kind("CIFAR", "data_batch_1.bin", records, {}, _set(Cifar(path="."))),
    ]


def _models() -> list[Kind]:
    def run(folder: Path) -> object:
        session = Session(folder / "m.onnx")
        outputs = session.run({port.name: np.zeros((2, 1, 6, 5), np.float32) for port in session.inputs})
        return list(describe(outputs, predictions(outputs, ["0", "1"], session.metadata)))

    def verified(folder: Path) -> object:
        return nnspec.loads(NET).verify(folder / "m.onnx", trials=1)

    model = nnspec.loads(NET).to_onnx().SerializeToString()
    return [Kind("ONNX", "m.onnx", model, {}, run), Kind("ONNX to compare", "m.onnx", model, {}, verified)]


def _runs() -> list[Kind]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_text(CSV)
        (folder / "m.nn").write_text(RUN)
        nnspec.load(folder / "m.nn").train(runs=folder / "runs", name="run", quiet=True, device="cpu")
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def compared(folder: Path) -> object:
        runs = [read_run(path) for path in find_runs(folder / "runs")]
        return lines([{**run.row, **each} for run, each in zip(runs, differences(runs), strict=True)])

    def resumed(folder: Path) -> object:
        _move(folder)
        return nnspec.resume(folder / "runs" / "run", quiet=True, device="cpu", epochs=1)

    def signed(reader: Callable[[Path], object], changed: str) -> Callable[[Path], object]:
        """A reader of a file that the manifest knows as it is."""

        def run(folder: Path) -> object:
            place = folder / "runs" / "run"
            known = Manifest.model_validate_json((place / MANIFEST).read_bytes()).files
            manifest = Manifest(files={**known, changed: [digest(place / changed)]}).signed()
            (place / MANIFEST).write_text(manifest.model_dump_json())
            return reader(folder)

        return run

    found = []
    for path, content in files.items():
        name = path.rpartition("/")[2]
        if not path.startswith("runs/run/") or name.endswith(".png"):
            continue
        others = {other: each for other, each in files.items() if other != path}
        found.append(Kind(f"{name} of a run", path, content, others, _both(compared, resumed)))
        if name != MANIFEST:
            reader = signed(compared if name == "metrics.csv" else resumed, name)
            found.append(Kind(f"{name} of a run, signed", path, content, others, reader))
    return found


def _move(folder: Path) -> None:
    """Let a run find its data where the folder is now."""
    place = folder / "runs" / "run"
    try:
        settings = json.loads((place / SETTINGS).read_bytes())
        known = Manifest.model_validate_json((place / MANIFEST).read_bytes())
    except ValueError:
        return  # damaged, and to be refused
    if not isinstance(settings, dict) or "base" not in settings or SETTINGS not in known.files:
        return
    untouched = known.files[SETTINGS][0] == digest(place / SETTINGS)
    if untouched:
        (place / SETTINGS).write_text(json.dumps({**settings, "base": str(folder)}))
        files = {**known.files, SETTINGS: [digest(place / SETTINGS)]}
        (place / MANIFEST).write_text(Manifest(files=files).signed().model_dump_json())
