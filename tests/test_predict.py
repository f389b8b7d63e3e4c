"""`nnspec predict` and `Session`: inputs from files, pictures as in training, classes by name, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.numpy import save_file

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.infer.predictions import probabilities
from nnspec.infer.session import Session

MEANS = (
    "model Net {\n  input image: float[N, 3, 2, 2]\n  output logits = GlobalAvgPool2d -> Flatten -> fc: Linear(3)\n}\n"
)
PAIR = "model Pair {\n  input a: float[N, 2*n]\n  input b: float[N, 2*n]\n  output s = a + b\n  output p = a * b\n}\n"
WEIGHTS = {"fc.weight": np.eye(3, dtype=np.float32), "fc.bias": np.zeros(3, np.float32)}
METADATA = {"nnspec.classes": '["red", "green", "blue"]', "nnspec.mean": "[0.5, 0.5, 0.5]", "nnspec.std": "[0.25]"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.nn").write_text(MEANS)
    save_file(WEIGHTS, "net.safetensors", METADATA)
    nnspec.load("net.nn").export_onnx("net.onnx", "net.safetensors", verify=False)
    nnspec.loads(PAIR).export_onnx("pair.onnx", verify=False)
    Image.new("RGB", (8, 6), (255, 0, 51)).save("red.png")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["predict", *arguments])


def written(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("model", [["net.onnx"], ["net.nn", "--weights", "net.safetensors"]])
def test_a_picture_is_normalised_as_in_training_and_its_classes_are_named(folder: Path, model: list[str]) -> None:
    result = run(*model, "--input", "red.png", "--output", "y.npz")
    assert result.exit_code == 0, result.output
    np.testing.assert_allclose(written("y.npz")["logits"], [[2.0, -2.0, -1.2]], rtol=1e-6)
    powers = np.exp([2.0, -1.2, -2.0])
    shown = [f"{value:7.2%}" for value in powers / powers.sum()]
    marks = ["  red.png  ", " " * 11, " " * 11]
    assert result.stdout.splitlines()[1:4] == [
        f"{mark}{value}  {name}" for mark, value, name in zip(marks, shown, ["red", "blue", "green"], strict=True)
    ]


def test_without_metadata_pictures_lie_within_0_and_1(folder: Path) -> None:
    nnspec.load("net.nn").export_onnx("plain.onnx", WEIGHTS, verify=False)
    assert run("plain.onnx", "--input", "red.png", "--output", "y.npy").exit_code == 0
    np.testing.assert_allclose(np.load("y.npy"), [[1.0, 0.0, 0.2]], rtol=1e-6)


def test_grey_pictures_flat_inputs_and_free_sizes(folder: Path) -> None:
    Image.fromarray(np.arange(0, 160, 10, dtype=np.uint8).reshape(4, 4)).save("grey.png")
    for text, shape in [
        ("input x: float[N, 16]\n  output y = x + 0", [1, 16]),
        ("input x: float[N, 1, 2*h, 2*w]\n  output y = x + 0", [1, 1, 4, 4]),
        ("input x: float[N, 1, 8*h, 8*w]\n  output y = x + 0", [1, 1, 8, 8]),
        ("input x: float[N, 4, H, W]\n  output y = x + 0", [1, 4, 4, 4]),
    ]:
        nnspec.loads("model Net {\n  " + text + "\n}").export_onnx("x.onnx", verify=False)
        result = run("x.onnx", "--input", "grey.png", "--output", "y.npy")
        assert result.exit_code == 0, result.output
        assert list(np.load("y.npy").shape) == shape
    np.testing.assert_allclose(np.load("y.npy")[0, 0].ravel() * 255, np.arange(0, 160, 10), rtol=1e-5)


def test_arrays_are_what_the_model_takes_and_a_batch_is_told_apart(folder: Path) -> None:
    nnspec.load("net.nn").export_onnx("net.onnx", "net.safetensors", verify=False, normalize=False)
    images = np.stack([np.full((3, 2, 2), 3.0), np.arange(12).reshape(3, 2, 2)])
    np.save("x.npy", images)
    result = run("net.onnx", "--input", "x.npy", "--top", "1", "--output", "y.json")
    assert result.stdout.splitlines()[1:3] == ["  x.npy[0]   33.33%  red", "  x.npy[1]   98.17%  blue"]
    assert json.loads(Path("y.json").read_text())["outputs"]["logits"] == [[3, 3, 3], [1.5, 5.5, 9.5]]
    run("net.nn", "--weights", "net.safetensors", "--input", "x.npy", "--output", "y.json")
    assert json.loads(Path("y.json").read_text())["outputs"]["logits"] == [
        [10, 10, 10],
        [4, 20, 36],
    ]  # raw: (x - 0.5) / 0.25


def test_several_inputs_come_by_name_by_order_or_from_one_file(folder: Path) -> None:
    a, b = np.ones((1, 4)), np.full((1, 4), 2, np.int64)
    np.save("a.npy", a)
    np.save("b.npy", b)
    np.savez("both.npz", a=a, b=b)
    for inputs in (["a.npy", "b.npy"], ["b=b.npy", "a.npy"], ["both.npz"], ["b=both.npz", "a=a.npy"]):
        result = run("pair.onnx", *(word for item in inputs for word in ("--input", item)), "--output", "y.npz")
        assert result.exit_code == 0, result.output
        assert {name: array.tolist() for name, array in written("y.npz").items()} == {
            "s": [[3.0] * 4],
            "p": [[2.0] * 4],
        }
    assert "s  float32 [1, 4]  mean 3, deviation 0, from 3 to 3" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["net.onnx"], "E0805", "the input image has no value"),
        (["net.onnx", "--input", "imag=x.npy"], "E0805", "did you mean image?"),
        (["pair.onnx", *["--input", "four.npy"] * 3], "E0805", "no further input for four.npy"),
        (["net.onnx", "--input", "red.png", "--input", "x.npy"], "E0804", "the samples of a batch have one shape"),
        (["net.onnx", "--input", "red.png", "--input", "nothing.csv"], "E0803", "it needs a line of different names"),
        (["net.onnx", "--text", "red"], "E0810", "it is float32 [N, 3, 2, 2], no row of tokens for each text"),
        (["fixed.onnx", *["--input", "four.npy"] * 2, "--batch", "1"], "E0809", "fixed.onnx cannot be run in batches"),
        (["net.onnx", "--input", "none.png"], "E0803", "there is no such file"),
        (["net.onnx", "--input", "empty"], "E0803", "it is a folder without files"),
        (["net.onnx", "--input", "net.nn"], "E0803", "it is no picture"),
        (["net.onnx", "--input", "object.npy"], "E0803", "Python objects"),
        (["net.onnx", "--input", "zip.npy"], "E0803", "zip has no header of a .npy file"),
        (["net.onnx", "--input", "x.npy"], "E0804", "[1, 3, 4, 2], and the model takes [N, 3, 2, 2]"),
        (["net.onnx", "--input", "flat.npy"], "E0804", "array[None]"),
        (["net.onnx", "--input", "complex.npy"], "E0803", "complex holds elements of type complex128"),
        (["pair.onnx", "--input", "a=odd.npy", "--input", "b=odd.npy"], "E0804", "5, which is not 2*n"),
        (["pair.onnx", "--input", "four.npy", "--input", "six.npy"], "E0804", "6, where n is 2 already"),
        (["pair.onnx", "--input", "red.png", "--input", "red.png"], "E0804", "a picture is a float input"),
        (["pair.onnx", "--input", "four.npy", "--input", "four.npy", "--output", "y.npy"], "E0807", "s, p"),
        (["net.onnx", "--input", "red.png", "--output", "none/y.npy"], "E0502", "cannot write"),
        (["none.onnx", "--input", "x.npy"], "E0801", "there is no such file"),
        (["damaged.onnx", "--input", "x.npy"], "E0801", "cannot run the model"),
        (["net.nn", "--weights", "none.pt", "--input", "x.npy"], "E0707", "there is no such file"),
    ],
)
def test_a_mistake_ends_with_1_and_says_what_to_do(folder: Path, arguments: list[str], code: str, text: str) -> None:
    np.save("x.npy", np.zeros((1, 3, 4, 2)))
    np.save("flat.npy", np.zeros((3, 2, 2)))
    np.save("complex.npy", np.zeros((1, 3, 2, 2), complex))
    np.save("odd.npy", np.zeros((1, 5)))
    np.save("four.npy", np.zeros((1, 4)))
    np.save("six.npy", np.zeros((1, 6)))
    np.save("object.npy", np.array([{}]), allow_pickle=True)
    np.savez("zip.npz", a=np.zeros(1))
    Path("zip.npz").rename("zip.npy")
    nnspec.loads(PAIR.replace("N,", "1,")).export_onnx("fixed.onnx", verify=False)
    Path("empty").mkdir()
    Path("nothing.csv").write_text("")
    Path("damaged.onnx").write_bytes(Path("net.onnx").read_bytes()[:200])
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert f"error[{code}]: " in result.stderr and text in result.stderr
    assert "  = help: " in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["net.nn", "--input", "red.png"], ["net.onnx", "--weights", "net.safetensors"], ["net.onnx", "--top", "0"],
     ["net.onnx", "--input", "red.png", "--output", "y.txt"], ["net.onnx", "--provider", "tpu"]],
)  # fmt: skip
def test_a_wrong_command_line_ends_with_2(folder: Path, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize("value", ["[0.5, 0.5]", "0.5", "[0.0]", "red"])
def test_metadata_that_does_not_fit_is_refused(folder: Path, value: str) -> None:
    save_file(WEIGHTS, "odd.safetensors", {"nnspec.std": value})
    result = run("net.nn", "--weights", "odd.safetensors", "--input", "red.png")
    assert result.exit_code == 1 and result.stderr.startswith("error[E0808]: ")


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="there is a CUDA provider")
def test_a_device_that_is_not_there_is_refused_and_never_replaced(folder: Path) -> None:
    result = run("net.onnx", "--input", "red.png", "--provider", "cuda")
    assert result.exit_code == 1 and 'pip install "nnspec[gpu]"' in result.stderr


def test_a_session_has_named_inputs_and_outputs(folder: Path) -> None:
    session = Session("pair.onnx")
    assert [(port.name, str(port), str(port.dtype)) for port in session.inputs] == [
        ("a", "[N, 2*n]", "float32"), ("b", "[N, 2*n]", "float32")
    ]  # fmt: skip
    got = session.run({"b": [[1, 2]], "a": [[3.0, 4.0]]})
    assert {name: array.tolist() for name, array in got.items()} == {"s": [[4.0, 6.0]], "p": [[3.0, 8.0]]}
    with pytest.raises(SpecError, match="E0804"):
        session.run({"a": [["one", "two"]], "b": [[1, 2]]})
    scalar = Session(nnspec.loads("model S {\n  input x: float[]\n  output y = x * 2\n}").to_onnx().SerializeToString())
    assert scalar.run({"x": 1.5})["y"].tolist() == 3.0


def test_scores_that_lie_within_0_and_1_are_no_probabilities_for_that() -> None:
    given = np.array([[0.2, 0.4, 0.9]], np.float32)
    powers = np.exp(given.astype(np.float64))
    assert np.allclose(probabilities(given), powers / powers.sum())
    assert np.array_equal(probabilities(np.array([[0.25, 0.75]])), [[0.25, 0.75]])
