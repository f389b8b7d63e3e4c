"""What was trained is what is exported: raw inputs give everywhere the score that the run printed."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from click.testing import CliRunner, Result

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.infer.session import Session
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.plan import read_plan
from nnspec.train.prepare import prepare
from nnspec.train.strategy import Strategy

Array = np.ndarray[Any, Any]

LENET = """
import LeNet5 from "zoo/lenet5.nn"
model Digits = LeNet5(classes = 10)
train {
  data = digits
  epochs = 1
  batch = 128
  metrics = [accuracy(logits, label)]
}
"""


def held_out(model: nnspec.Model) -> dict[str, Array]:
    """The samples that a run validates on, as its data has them."""
    assert model.declarations is not None
    plan = read_plan(model.declarations, model.name, {"normalize": False}, DEFAULT_LIMITS)
    base = Path(model.declarations.source.name).parent
    made = prepare(model.program, plan, base, {}, torch.device("cpu"), Strategy(), DEFAULT_LIMITS)
    return {name: tensor.numpy() for name, tensor in made.task.validation.head(made.samples).items()}


class Trained:
    """A run, with the held-out samples as its data has them, and the score that it printed."""

    def __init__(self, folder: Path, text: str) -> None:
        self.spec = folder / "model.nn"
        self.spec.write_text(text)
        self.model = nnspec.load(self.spec)
        result = self.model.train(runs=folder / "runs", quiet=True, device="cpu")
        self.folder, self.weights, self.score = result.folder, Path(result.best_weights), result.best
        self.samples = held_out(self.model)

    def accuracy(self, logits: Array) -> float:
        """The share of the samples whose class is the likeliest."""
        return float((logits.argmax(1) == self.samples["label"]).mean())


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(tmp_path_factory.mktemp("digits"), LENET)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def by_session(run: Trained, folder: Path) -> Array:
    run.model.export_onnx(folder / "m.onnx", run.weights)
    return Session(folder / "m.onnx").run({"image": run.samples["image"]})["logits"]


def by_onnxruntime(run: Trained, folder: Path) -> Array:
    run.model.export_onnx(folder / "m.onnx", run.weights)
    return np.asarray(ort.InferenceSession(folder / "m.onnx").run(None, {"image": run.samples["image"]})[0])


def by_bytes(run: Trained, folder: Path) -> Array:
    session = Session(run.model.to_onnx(run.weights).SerializeToString())
    return session.run({"image": np.rint(run.samples["image"] * 255).astype(np.uint8)})["logits"]


@torch.no_grad()
def by_torch(run: Trained, folder: Path) -> Array:
    module = run.model.to_torch(run.weights).eval()
    return np.asarray(module(torch.from_numpy(run.samples["image"])).numpy())


@torch.no_grad()
def by_source(run: Trained, folder: Path) -> Array:
    assert run_command_exports(run, folder).exit_code == 0
    given = importlib.util.spec_from_file_location("digits_source", folder / "m.py")
    assert given is not None and given.loader is not None
    source = importlib.util.module_from_spec(given)
    given.loader.exec_module(source)
    module = source.Digits().eval()
    with pytest.warns(UserWarning, match="makes a module that takes image as the data has it"):
        run.model.load_weights(module, run.weights)
    return np.asarray(module(torch.from_numpy(run.samples["image"])).numpy())


def run_command_exports(trained: Trained, folder: Path) -> Result:
    return run("export", trained.spec, "--weights", trained.weights, "--torch", folder / "m.py")


def by_triton(run: Trained, folder: Path) -> Array:
    """In batches as large as the configuration allows, without the names that it does not list."""
    run.model.export_triton(folder / "served", run.weights)
    config = (folder / "served" / "Digits" / "config.pbtxt").read_text()
    inputs, outputs = (re.search(rf'{each} {{\s*name: "(\w+)"', config) for each in ("input", "output"))
    most = re.search(r"max_batch_size: (\d+)", config)
    assert inputs and outputs and most
    session = ort.InferenceSession(folder / "served" / "Digits" / "1" / "model.onnx")
    size, images = max(1, int(most[1])), run.samples["image"]
    made = [session.run([outputs[1]], {inputs[1]: images[i : i + size]})[0] for i in range(0, len(images), size)]
    return np.concatenate(made)


WAYS = [by_session, by_onnxruntime, by_torch, by_source, by_triton]


@pytest.mark.parametrize("way", WAYS)
def test_raw_pictures_give_the_score_of_the_run_to_the_last_sample(
    digits: Trained, tmp_path: Path, way: Callable[[Trained, Path], Array]
) -> None:
    assert digits.accuracy(way(digits, tmp_path)) == pytest.approx(digits.score, abs=1e-7)
    assert digits.samples["image"].min() == 0 and digits.samples["image"].max() <= 1


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "int8", "int8-static"])
def test_reduced_precision_takes_raw_pictures_too_and_normalises_in_float32(
    digits: Trained, tmp_path: Path, precision: Any
) -> None:
    digits.model.export_onnx(tmp_path / "m.onnx", digits.weights, precision=precision)
    found = Session(tmp_path / "m.onnx").run({"image": digits.samples["image"]})["logits"]
    assert digits.accuracy(found) == pytest.approx(digits.score, abs=0.02)
    model = onnx.load(tmp_path / "m.onnx")
    nodes = [node for node in model.graph.node if "image" in node.input]
    assert [node.op_type for node in nodes] == ["Sub"]
    kinds = {each.name: each.data_type for each in model.graph.initializer}
    assert kinds[nodes[0].input[1]] == onnx.TensorProto.FLOAT


def test_a_flag_leaves_it_out_and_the_export_says_which_it_is(digits: Trained, tmp_path: Path) -> None:
    common = ("export", digits.spec, "--weights", digits.weights)
    within = run(*common, "--onnx", tmp_path / "raw.onnx")
    without = run(*common, "--onnx", tmp_path / "bare.onnx", "--torch", tmp_path / "bare.py", "--no-normalize")
    assert "takes image as the data has it, pictures from 0 to 1: the normalisation of training" in within.output
    assert "takes image normalised as in training" in without.output
    raw, bare = Session(tmp_path / "raw.onnx"), Session(tmp_path / "bare.onnx")
    mean, std = (json.loads(bare.metadata[key])["image"] for key in ("nnspec.mean", "nnspec.std"))
    assert "nnspec.mean" not in raw.metadata and json.loads(raw.metadata["nnspec.normalized"])["image"]["std"] == std
    assert "takes image as the data has it" in onnx.load(tmp_path / "raw.onnx").doc_string
    images = digits.samples["image"]
    normal = ((images - np.float32(mean)) / np.float32(std)).astype(np.float32)
    assert digits.accuracy(bare.run({"image": normal})["logits"]) == pytest.approx(digits.score, abs=1e-7)
    assert "normalize(" not in (tmp_path / "bare.py").read_text()
    for file in ("raw.onnx", "bare.onnx"):
        assert run("verify", digits.spec, tmp_path / file, "--weights", digits.weights).exit_code == 0


def test_the_names_of_classes_go_everywhere_too(digits: Trained, tmp_path: Path) -> None:
    names = list("0123456789")
    module = digits.model.to_torch(digits.weights)
    assert sys.modules[type(module).__module__].CLASSES == names
    printed = run_command_exports(digits, tmp_path).output
    assert "CLASSES = ['0', '1'," in (tmp_path / "m.py").read_text()
    assert "note: takes image as the data has it" in printed
    assert Session(digits.model.to_onnx(digits.weights).SerializeToString()).classes == tuple(names)
    digits.model.export_triton(tmp_path / "served", digits.weights)
    assert (tmp_path / "served" / "Digits" / "labels.txt").read_text().split() == names


LANGUAGE = """
model Letters(vocab = 8) {
  input tokens: int[N, T]
  tokens -> Embedding(vocab, 4) -> GRU(4, batch_first = true) -> Linear(vocab)
  output logits = _
}
train {
  data = text("d.txt", length = 4)
  scores = logits -> Transpose(1, 2)
  loss = cross_entropy(scores, next)
  epochs = 1
}
"""


def test_the_vocabulary_goes_with_the_weights(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text("abcdefgh" * 20)
    (tmp_path / "m.nn").write_text(LANGUAGE)
    model = nnspec.load(tmp_path / "m.nn")
    weights = model.train(runs=tmp_path / "runs", quiet=True, device="cpu").last_weights
    vocabulary = Session(model.to_onnx(weights).SerializeToString()).vocabulary("tokens")
    assert vocabulary is not None and vocabulary.decode(vocabulary.encode("cab")) == "cab"
    assert "CLASSES = ['a', 'b', 'c'," in model.torch_source(weights)


def test_no_state_dict_gains_a_key(digits: Trained) -> None:
    trained, plain = digits.model.to_torch(digits.weights), digits.model.to_torch()
    assert list(trained.state_dict()) == list(plain.state_dict())
    assert list(digits.model.to_torch(digits.weights, normalize=False).state_dict()) == list(plain.state_dict())


def test_predict_does_not_normalise_twice(digits: Trained, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.rint(digits.samples["image"][0, 0] * 255).astype(np.uint8)
    image.fromarray(pixels).save(tmp_path / "digit.png")
    digits.model.export_onnx(tmp_path / "raw.onnx", digits.weights)
    digits.model.export_onnx(tmp_path / "bare.onnx", digits.weights, normalize=False)
    wanted = Session(tmp_path / "raw.onnx").run({"image": pixels[None, None].astype(np.float32) / 255})["logits"]
    for model in (["raw.onnx"], ["bare.onnx"], [str(digits.spec), "--weights", str(digits.weights)]):
        path = tmp_path / model[0]
        result = run("predict", path, *model[1:], "--input", tmp_path / "digit.png", "--output", tmp_path / "y.npy")
        assert result.exit_code == 0, result.output
        np.testing.assert_allclose(np.load(tmp_path / "y.npy"), wanted, rtol=1e-4, atol=1e-5)


def test_bytes_are_pictures_and_floats_to_255_are_refused(digits: Trained, tmp_path: Path) -> None:
    assert digits.accuracy(by_bytes(digits, tmp_path)) == pytest.approx(digits.score, abs=0.01)
    session = Session(digits.model.to_onnx(digits.weights).SerializeToString())
    with pytest.raises(SpecError, match="E0820"):
        session.run({"image": digits.samples["image"] * 255})
    with pytest.raises(TypeError, match="divided by 255"):
        digits.model.to_torch(digits.weights)(torch.zeros(1, 1, 32, 32, dtype=torch.uint8))


AUTOENCODER = """
model Autoencoder {
  input image: float[N, 64]
  image -> Linear(8) -> ReLU -> Linear(64)
  output y = _
}
train {
  data = digits
  loss = mse(y, image)
  epochs = 1
  normalize = NORMALIZE
}
"""


def test_an_output_that_was_compared_with_normalised_inputs_is_said_to_be_in_their_scale(tmp_path: Path) -> None:
    for wish, scaled in (("true", True), ("false", False)):
        model = nnspec.loads(AUTOENCODER.replace("NORMALIZE", wish))
        weights = model.train(runs=tmp_path, quiet=True, device="cpu").last_weights
        notes = " ".join(model.export_onnx(tmp_path / "m.onnx", weights).notes)
        assert ("gives what the loss compared with image in that normalised scale" in notes) == scaled
        assert ("normalisation of training" in notes) == scaled


def test_weights_without_a_run_are_exported_as_they_are(digits: Trained, tmp_path: Path) -> None:
    torch.save(digits.model.to_torch(digits.weights).state_dict(), tmp_path / "plain.pt")
    made = digits.model.export_onnx(tmp_path / "m.onnx", tmp_path / "plain.pt")
    assert made.notes == ()
    assert "Sub" not in {node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node}


def test_several_inputs_are_prepared_each_as_it_was(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    first, second = random.normal(50, 20, (40, 3)), random.normal(0, 1, (40, 2))
    np.savez(tmp_path / "d.npz", a=first, b=second, label=(first[:, 0] > 50).astype(np.int64))
    text = """
    model Two {
      input b: float[N, 2]
      input a: float[N, 3]
      (a, b) -> Concat(dim = 1) -> Linear(2)
      output logits = _
    }
    train {
      data = arrays("d.npz")
      epochs = 1
    }
    """
    (tmp_path / "m.nn").write_text(text)
    model = nnspec.load(tmp_path / "m.nn")
    weights = model.train(runs=tmp_path / "runs", quiet=True, device="cpu").last_weights
    raw = {"a": first.astype(np.float32), "b": second.astype(np.float32)}
    found = Session(model.to_onnx(weights).SerializeToString()).run(raw)["logits"]
    with torch.no_grad():
        wanted = model.to_torch(weights).eval()(torch.from_numpy(raw["b"]), torch.from_numpy(raw["a"])).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


PEOPLE = """
model People {
  input city: int[N]
  input income: float[N, 1]
  input age: float[N, 1]
  e = city -> Embedding(3, 4)
  (e, age, income) -> Concat(dim = 1) -> Linear(8) -> ReLU -> Linear(1)
  output y = _
}
train {
  data = table("people.csv", target = "height")
  loss = mse(y, target)
  epochs = 1
}
"""


def test_every_column_of_a_table_is_normalised_apart_and_given_raw(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    age, income = random.uniform(18, 80, 60).round(1), random.uniform(2e4, 1e5, 60).round(1)
    rows = [f"{a},{i},{'abc'[k % 3]},{a / 50}" for k, (a, i) in enumerate(zip(age, income, strict=True))]
    (tmp_path / "people.csv").write_text("\n".join(["age,income,city,height", *rows]))
    (tmp_path / "m.nn").write_text(PEOPLE)
    model = nnspec.load(tmp_path / "m.nn")
    weights = model.train(runs=tmp_path / "runs", quiet=True, device="cpu").last_weights
    session = Session(model.to_onnx(weights).SerializeToString())
    known = json.loads(session.metadata["nnspec.normalized"])
    assert 1e4 < known["income"]["std"][0] < 4e4 and 10 < known["age"]["std"][0] < 30
    raw = {"city": np.arange(60) % 3, "income": income[:, None], "age": age[:, None]}
    (tmp_path / "new.csv").write_text("\n".join(["age,income,city", *(row.rpartition(",")[0] for row in rows)]))
    for options in ([], ["--no-normalize"]):
        made = run("export", tmp_path / "m.nn", "--weights", weights, "--onnx", tmp_path / "m.onnx", *options)
        assert made.exit_code == 0, made.output
        found = run("predict", tmp_path / "m.onnx", "--input", tmp_path / "new.csv", "--output", tmp_path / "y.npy")
        assert found.exit_code == 0, found.output
        np.testing.assert_allclose(np.load(tmp_path / "y.npy"), session.run(raw)["y"], rtol=1e-4, atol=1e-4)


ADVERSARIES = """
model Maker {
  input z: float[N, 4]
  z -> Linear(64) -> Sigmoid
  output picture = _
}
model Judge {
  input x: float[N, 1, 8, 8]
  x -> Flatten -> Linear(1)
  output score = _
}
train {
  data = digits
  normalize = true
  made = normal([batch, 4]) -> maker: Maker
  one = image -> judge: Judge
  loss = mean(square(made)) + mean(square(one))
  epochs = 1
}
"""


def test_a_network_that_a_recipe_builds_normalises_only_what_it_was_given_normalised(tmp_path: Path) -> None:
    (tmp_path / "m.nn").write_text(ADVERSARIES)
    run_folder = nnspec.load(tmp_path / "m.nn").train(runs=tmp_path, quiet=True, device="cpu").folder
    for name, takes in (("Maker", ""), ("Judge", "takes x as the data has it")):
        model = nnspec.load(tmp_path / "m.nn", name)
        notes = model.export_onnx(tmp_path / "m.onnx", run_folder / f"{name.lower()}.safetensors").notes
        assert len(notes) == len(takes.split()[:1]) and all(takes in note for note in notes)
