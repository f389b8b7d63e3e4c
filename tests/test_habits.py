"""What reads as if it were right to who knows torch or Keras is right, or refused with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.layers import registry
from nnspec.layers.base import Layer

IMAGE, SEQUENCE = "float[N, 16, 32, 32]", "float[T, N, 28]"


def found(tmp_path: Path, body: str, input: str = IMAGE) -> list[Diagnostic]:
    """What is said of a model with this body."""
    path = tmp_path / "model.nn"
    path.write_text(f"model M {{\n  input x: {input}\n{body}\n}}\n", encoding="utf-8")
    try:
        return [each.diagnostic for each in nnspec.load(path).found]
    except SpecError as error:
        return [each.diagnostic for each in error.found]


@pytest.mark.parametrize(
    ("written", "meant", "input"),
    [
        ("Conv2d(16, 64, 7)", "Conv2d(64, 7)", IMAGE),
        ("Conv2d(16, 64, 7, 2, 3)", "Conv2d(64, 7, stride = 2, padding = 3)", IMAGE),
        ("Conv2d(16, 64, kernel_size = 3)", "Conv2d(64, kernel_size = 3)", IMAGE),
        ("ConvTranspose2d(16, 8, 2, stride = 2)", "ConvTranspose2d(8, 2, stride = 2)", IMAGE),
        ("BatchNorm2d(16)", "BatchNorm2d", IMAGE),
        ("BatchNorm2d(8 * 2, 1e-3)", "BatchNorm2d(eps = 1e-3)", IMAGE),
        ("InstanceNorm2d(16, affine = true)", "InstanceNorm2d(affine = true)", IMAGE),
        ("GroupNorm(4, 16)", "GroupNorm(4)", IMAGE),
        ("LayerNorm([16, 32, 32])", "LayerNorm(dims = 3)", IMAGE),
        ("LayerNorm(28, 1e-6)", "LayerNorm(eps = 1e-6)", SEQUENCE),
        ("RMSNorm(28)", "RMSNorm", SEQUENCE),
        ("Linear(28, 128)", "Linear(128)", SEQUENCE),
        ("Linear(28, out_features = 10, bias = false)", "Linear(out_features = 10, bias = false)", SEQUENCE),
        ("LSTM(28, 12)", "LSTM(12)", SEQUENCE),
        ("GRU(28, 12, 2, batch_first = true)", "GRU(12, num_layers = 2, batch_first = true)", SEQUENCE),
        ('RNN(28, 12, 2, "relu")', 'RNN(12, num_layers = 2, nonlinearity = "relu")', SEQUENCE),
        ("MultiheadAttention(28, 4)", "MultiheadAttention(4)", SEQUENCE),
        ("MultiheadAttention(28, num_heads = 4)", "MultiheadAttention(num_heads = 4)", SEQUENCE),
        ("rotary(x, 28)", "rotary(x)", SEQUENCE),
    ],
)
def test_a_size_that_torch_is_told_is_answered_with_the_call_without_it(
    tmp_path: Path, written: str, meant: str, input: str
) -> None:
    (mistake,) = found(tmp_path, written, input)
    assert (mistake.code, mistake.help) == ("E0233", f"write `{meant}`")
    assert not any(each.code.startswith("E") for each in found(tmp_path, meant, input))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("MaxPool2d(3, 2, 1)", "MaxPool2d(3, stride = 2, padding = 1)"),
        ("AvgPool2d(2, 2)", "AvgPool2d(2, stride = 2)"),
        ("Conv2d(8, 3, 2)", "Conv2d(8, 3, stride = 2)"),
        ("BatchNorm2d(1e-3)", "BatchNorm2d(eps = 1e-3)"),
        ("GroupNorm(4, 1e-3)", "GroupNorm(4, eps = 1e-3)"),
        ("Mean(1, true)", "Mean(1, keepdim = true)"),
        ("norm(x, 2, 1)", "norm(x, p = 2, dim = 1)"),  # torch.norm takes p first
        ("Range(0, 32)", "Range(start = 0, end = 32)"),  # torch.arange takes the start first
        ("x + normal([32], 0, 1)", "normal([32], mean = 0, std = 1)"),
        ("focal(x, x, 0.25, 2.0)", "focal(x, x, alpha = 0.25, gamma = 2.0)"),
        ("LocalResponseNorm(5, 0.1)", "LocalResponseNorm(5, alpha = 0.1)"),
    ],
)
def test_how_a_layer_does_what_it_does_goes_by_name(tmp_path: Path, written: str, meant: str) -> None:
    (mistake,) = found(tmp_path, written)
    assert mistake.code == "E0227"
    assert f"write {meant}" in (mistake.help or "")


@pytest.mark.parametrize("written", ["LayerNorm(30)", "BatchNorm1d(64)", "LSTM(20, 12)", "Linear(20, 128)"])
def test_a_size_that_does_not_arrive_is_refused_too(tmp_path: Path, written: str) -> None:
    (mistake,) = found(tmp_path, written, SEQUENCE)
    assert mistake.code == "E0227"
    assert "infers its" in (mistake.help or "") and "here: write" in (mistake.help or "")


@pytest.mark.parametrize("layer", list(registry.all_layers()), ids=lambda layer: layer.__name__)
def test_what_goes_by_position_is_among_the_arguments_and_named_once(layer: type[Layer]) -> None:
    assert set(layer.by_position) <= set(layer.model_fields)
    assert set(layer.in_order()) == set(layer.model_fields)
    assert len(set(layer.by_position)) == len(layer.by_position)


FORGOTTEN = [
    "y = a: Linear(4)", "y = a: Linear(4) -> ReLU", "y = Linear(4) -> ReLU", "y = softmax(dim = 1)",
    "y = 3 x Linear(4)", "y = { Linear(4) }", "y = a: { Linear(4) }", "y = residual { Linear(4) }",
    "y = concat { Linear(4) }", "y = Pair(b = x)", "y = (Linear(4), x) -> Add",
    "y = relu(Linear(4) -> ReLU)", "y, z = Split(2)",
]  # fmt: skip
BLOCKS = "block Unit { Linear(4) }\nblock Pair: a, b { a + b }\nblock Apply(step) { step -> ReLU }\n"


def told(tmp_path: Path, body: str) -> list[Diagnostic]:
    """What is said of a model with these blocks and this body."""
    path = tmp_path / "model.nn"
    path.write_text(f"{BLOCKS}model M {{\n  input x: float[N, 4]\n{body}\n}}\n", encoding="utf-8")
    try:
        return [each.diagnostic for each in nnspec.load(path).found]
    except SpecError as error:
        return [each.diagnostic for each in error.found]


@pytest.mark.parametrize("line", FORGOTTEN)
def test_a_binding_does_not_take_the_incoming_value_in_silence(tmp_path: Path, line: str) -> None:
    (mistake,) = told(tmp_path, f"  {line}\n  Linear(2)")
    assert mistake.code == "E0232"
    assert "= _ -> " in (mistake.help or "")
    if "Pair" not in line and "(Linear(4)" not in line:
        assert not any(each.code.startswith("E") for each in told(tmp_path, f"  {line.replace('=', '= _ ->', 1)}\n  _"))


@pytest.mark.parametrize("layer", ["Linear(4)", "ReLU", "relu", "Unit", "Conv2d(8, 3)", "f", "Split(2)", "LSTM(4)"])
@pytest.mark.parametrize(
    ("use", "code"),
    [
        ("Linear(2)", "E0247"),  # nothing applies it
        ("y = Linear(4)\n  _ -> y", "E0247"),  # nor does anything before it is another one
        ("y -> ReLU", "E0246"),
        ("_ + y", "E0246"),
        ("(y, x) -> Add", "E0246"),
        ("output z = y", "E0246"),
        ("output y", "E0246"),
        ("y[0]", "E0246"),
        ("y.weight", "E0246"),
        ("z = y -> ReLU", "E0246"),
        ("residual { y }", "E0246"),
        ("for i in 1..2 { y -> ReLU }", "E0246"),
        ("g: { y -> ReLU }", "E0246"),
    ],
)
def test_a_layer_that_a_name_holds_is_no_value(tmp_path: Path, layer: str, use: str, code: str) -> None:
    found = told(tmp_path, f"  f = Tanh\n  y = {layer}\n  {use}\n  _ -> f")
    assert found[0].code == code
    assert "y = _ -> " in (found[0].help or "") and ("_ -> y" in (found[0].help or "") or code == "E0247")


@pytest.mark.parametrize(
    ("body", "layers"),
    [
        ("f = Linear(4)\n  _ -> f -> f", 2),
        ("f = Linear(4)\n  2 x f", 2),
        ("f = Linear\n  _ -> f(4)\n  f(4)", 2),
        ("f = Linear(4)\n  a: f -> b: f", 2),
        ("f = Linear(4)\n  g = f\n  _ -> g", 1),
        ("f = Linear(4)\n  Apply(f)", 1),
        ("f = relu\n  Linear(4) -> f", 1),
        ("f = Unit\n  concat { _ -> f; _ -> f }", 2),
        ("f = Linear(4) if true else ReLU\n  _ -> f", 1),
        ("f = Linear(4)\n  if false { _ -> f }\n  Linear(4)", 1),
        ("f = ReLU\n  if true { f = Linear(4) }\n  _ -> f", 1),
        ("for i in 1..3 { if i > 1 { _ -> f }; f = Linear(4) }", 2),
        ("sizes = [4, 4]\n  for n in sizes { Linear(n) }", 2),
        ("y = [N, 4]\n  n = y[1]\n  Linear(n)", 1),
        ("y = x + 1\n  y -> Linear(4)", 1),
    ],
)
def test_a_name_holds_numbers_lists_layers_and_values(tmp_path: Path, body: str, layers: int) -> None:
    assert told(tmp_path, f"  {body}") == []
    module = nnspec.load(tmp_path / "model.nn").to_torch()
    assert sum(parameter.numel() for parameter in module.parameters()) == 20 * layers


@pytest.mark.parametrize(
    "line",
    ["y = x", "y = _", "y = x + 1", "y = Range(4)", "y = Parameter([4])", "y = normal([4])", "y = a: _ -> Linear(4)",
     "y = _ -> Linear(4)", "y = Concat(x, x) -> Linear(4)", "y = relu(_)", "y = (x -> Linear(4), x) -> Add",
     "y = 3", "y = N"],
)  # fmt: skip
def test_a_binding_begins_with_a_value(tmp_path: Path, line: str) -> None:
    assert told(tmp_path, f"  {line}\n  _ + y -> Linear(4)") == []


def test_what_a_recipe_binds_begins_with_a_value_too(tmp_path: Path) -> None:
    path = tmp_path / "model.nn"
    text = "model M { input features: float[N, 4]; output logits = Linear(3) }\n"
    recipe = "train { data = iris\n epochs = 1\n sure = softmax(dim = 1)\n loss = cross_entropy(sure, label) }\n"
    path.write_text(text + recipe, encoding="utf-8")
    result = CliRunner().invoke(main, ["train", str(path), "--runs", str(tmp_path)], catch_exceptions=False)
    assert result.exit_code == 1
    assert "error[E0232]: `sure = ...`" in result.stderr


def test_a_code_of_one_place_is_no_picture_with_its_channels_last() -> None:
    text = "model G { input code: float[N, 32, 1, 1]; output image = ConvTranspose2d(8, 4) -> Tanh }"
    assert nnspec.loads(text).found == []
