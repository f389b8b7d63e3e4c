"""`nnspec verify`: ONNX files against the spec's PyTorch module in float64; damage is found and its layer is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner, Result
from onnx import numpy_helper
from safetensors.numpy import save_file

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.ir.chance import random_outputs
from nnspec.ir.indices import index_bounds
from nnspec.to_onnx.culprit import first_difference
from nnspec.to_onnx.reference import Reference
from nnspec.to_onnx.sample import SizeSpace
from nnspec.weights.load import initial_weights

IMAGES = """
model Net {
  input image: float[N, 3, 4*h, W <= 40]
  stem: Conv2d(4, 3, padding = 1) -> norm: BatchNorm2d -> ReLU -> MaxPool2d(2)
  residual { a: Conv2d(4, 1) -> b: Conv2d(4, 1) }
  output features = _
  output logits = GlobalAvgPool2d -> Flatten -> head: Linear(5)
}
"""
WORDS = """
model Words {
  input tokens: int[N, T <= 12]
  embed: Embedding(700, 8) -> norm: LayerNorm(eps = 8) -> rnn: LSTM(6, batch_first = true)
  output y = out: Linear(3)
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("images", IMAGES), ("words", WORDS)):
        Path(f"{name}.nn").write_text(text)
        nnspec.loads(text).export_onnx(f"{name}.onnx", verify=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", *arguments])


def damage(path: str, initializer: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    model = onnx.load(path)
    (tensor,) = [each for each in model.graph.initializer if each.name == initializer]
    array = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(change(array).astype(array.dtype), initializer))
    onnx.save(model, path)


def test_errors_are_shown_for_every_output_beside_those_of_float32(folder: Path) -> None:
    result = run("images.nn", "images.onnx", "--trials", "5")
    assert result.exit_code == 0, result.output
    head, *rows, last = result.stdout.splitlines()
    assert head.split() == "output absolute relative PyTorch float32 relative".split()
    assert [row.split()[0] for row in rows] == ["features", "logits"]
    assert all(float(number) < 1e-5 for row in rows for number in row.split()[1:])
    assert last.startswith("images.onnx equals Net on 5 random inputs, at N = 2, W = 4, h = 4; N = 1, W = 2, h = 1; ")
    assert "W = 40" in last


def test_a_damaged_array_is_found_in_the_layer_that_holds_it(folder: Path) -> None:
    damage("images.onnx", "b.weight", lambda array: array + 0.1)
    result = run("images.nn", "images.onnx")
    assert result.exit_code == 1
    assert result.stderr.startswith("error[E0705]: the ONNX model differs from PyTorch in the output features: by ")
    assert "the first layer that differs is b (Conv2d); the 4 that could be compared before it agree" in result.stderr
    assert "give the weights that it was made of: --weights FILE" in result.stderr
    assert run("images.nn", "images.onnx", "--tolerance", "10").exit_code == 0


def test_a_layer_that_another_one_is_folded_into_is_named_with_it(folder: Path) -> None:
    damage("images.onnx", "stem.weight", lambda array: -array)
    assert "is stem (Conv2d), with norm folded into it\n" in run("images.nn", "images.onnx").stderr


@pytest.mark.parametrize(
    ("initializer", "layer", "before"),
    [
        ("embed.weight", "embed (Embedding)", 0),
        ("rnn.weight_ih_l0.onnx", "rnn (LSTM)", 2),
        ("out.bias", "out (Linear)", 3),
    ],
)
def test_every_kind_of_layer_can_be_the_first_that_differs(
    folder: Path, initializer: str, layer: str, before: int
) -> None:
    damage("words.onnx", initializer, lambda array: array * 1.5 + 0.01)
    said = run("words.nn", "words.onnx").stderr
    assert f"the first layer that differs is {layer}" in said
    assert f"; the {before} that could be compared before it agree" in said or not before


def test_no_layer_of_a_sound_file_is_suspected(folder: Path) -> None:
    for name in ("lenet5", "mobilenet_v2", "gru_regression", "ae_conv", "vae"):
        model, path = nnspec.load(name), Path("sound.onnx")
        model.export_onnx(path, verify=False)
        reference = Reference(model.program, initial_weights(model.program).arrays)
        trial = reference.trials(1)[0]
        assert "layers that can be compared agree" in str(first_difference(path, reference, trial, 1e-4)), name


def test_integer_inputs_reach_all_rows_of_their_tables(folder: Path) -> None:
    model = nnspec.load("words.nn")
    assert index_bounds(model.program) == {"tokens": 700}
    damage("words.onnx", "embed.weight", lambda array: np.vstack([array[:350], 1 - array[350:]]))
    with pytest.raises(SpecError, match="E0705"):
        model.verify("words.onnx", trials=2)
    assert index_bounds(nnspec.load("bert", settings={"layers": 1}).program)["tokens"] == 30_522


def test_a_file_by_another_exporter_is_compared_but_its_layers_cannot_be_told(folder: Path) -> None:
    model = nnspec.load("images.nn")
    module = model.to_torch().eval()
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    save_file(weights, "images.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {"x": {0: "n", 2: "h", 3: "w"}}
        torch.onnx.export(module, (torch.zeros(2, 3, 8, 8),), "other.onnx", dynamo=False, input_names=["x"],
                          output_names=["f", "y"], dynamic_axes=axes)  # fmt: skip
    found = model.verify("other.onnx", "images.safetensors", trials=3)
    assert found.difference is not None and found.difference < 1e-5
    damage("other.onnx", "head.bias", lambda array: array + 1)
    result = run("images.nn", "other.onnx", "--weights", "images.safetensors")
    assert "in the output logits" in result.stderr
    assert "which layer differs cannot be told: the names in the file are not the paths of this spec" in result.stderr
    assert "if it was made from weights from images.safetensors, export it again" in result.stderr


def test_a_file_in_float16_is_held_to_the_tolerance_that_is_given(folder: Path) -> None:
    shape = ["N", 3]
    nodes = [onnx.helper.make_node("Mul", ["x", "two"], ["y"])]
    two = numpy_helper.from_array(np.array(2.001, np.float16), "two")
    half = onnx.TensorProto.FLOAT16
    ports = [onnx.helper.make_tensor_value_info(name, half, shape) for name in ("x", "y")]
    graph = onnx.helper.make_graph(nodes, "half", ports[:1], ports[1:], [two])
    opset = onnx.helper.make_opsetid("", 21)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10), "half.onnx")
    model = nnspec.loads("model Half {\n  input x: float[N, 3]\n  output y = x * 2.001\n}")
    with pytest.raises(SpecError, match="E0705"):
        model.verify("half.onnx")
    found = model.verify("half.onnx", tolerance=2e-3)
    assert found.difference is not None and 1e-4 < found.difference < 2e-3


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["words.nn", "images.onnx"], "E0711", "the file's outputs are features, logits, and the spec's y"),
        (["words.nn", "none.onnx"], "E0706", "onnxruntime does not open it"),
        (["words.nn", "words.nn"], "E0706", "onnxruntime does not open it"),
        (["words.nn", "words.onnx", "--weights", "none.safetensors"], "E0707", "there is no such file"),
        (["lenet5", "small.onnx"], "E0706", "onnxruntime does not run on random inputs"),
    ],
)
def test_a_mistake_ends_with_1_and_its_code(folder: Path, arguments: list[str], code: str, text: str) -> None:
    nnspec.loads("model S {\n  input image: float[N, 2]\n  Linear(3)\n}").export_onnx("small.onnx", verify=False)
    result = run(*arguments)
    assert result.exit_code == 1 and result.stderr.startswith(f"error[{code}]: "), result.output
    assert text in result.stderr and "  = help: " in result.stderr


def test_sizes_keep_their_bounds_and_fit_all_layers() -> None:
    program = nnspec.loads(IMAGES).program
    choices = SizeSpace(program).choices()
    sizes = [next(choices) for _ in range(40)]
    assert all(1 <= each["N"] and 1 <= each["h"] and 2 <= each["W"] <= 40 for each in sizes)
    assert len({tuple(each.items()) for each in sizes}) > 15
    assert any(each["W"] == 40 for each in sizes)
    empty = SizeSpace(nnspec.loads("model E {\n  input x: float[3]\n  output y = x * 2\n}").program).choices()
    assert [next(empty), next(empty)] == [{}, {}]


def test_what_random_layers_reach_is_known_through_blocks_and_repeats() -> None:
    program = nnspec.loads(
        "block Noisy {\n  [N, C]\n  _ + 0.1 * normal(_)\n}\n"
        "block Pair {\n  [N, C]\n  2 x Noisy\n}\n"
        "model M {\n  input a: float[N, 4]\n  input b: float[N, 4]\n"
        "  x = a -> p: Pair\n  y = b -> fc: Linear(4)\n  output x\n  output y\n  output z = x + y\n}\n"
    ).program
    assert random_outputs(program) == ("x", "z")


def test_a_layer_in_whole_numbers_is_named_by_its_path(folder: Path) -> None:
    text = "model Net {\n  input x: float[N, 16]\n  a: Linear(16) -> ReLU -> b: Linear(4)\n}"
    model = nnspec.loads(text)
    model.export_onnx("whole.onnx", precision="int8", verify=False)
    with pytest.raises(SpecError) as caught:
        model.verify("whole.onnx", tolerance=0)
    assert "the first layer that differs is a (Linear)" in str(caught.value)
    assert model.verify("whole.onnx", tolerance=0.05).difference is not None
