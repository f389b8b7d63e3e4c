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
    "y = Linear(4)", "y = a: Linear(4)", "y = a: Linear(4) -> ReLU", "y = ReLU", "y = relu", "y = softmax(dim = 1)",
    "y = 3 x Linear(4)", "y = { Linear(4) }", "y = a: { Linear(4) }", "y = residual { Linear(4) }",
    "y = concat { Linear(4) }", "y = Unit", "y = Pair(b = x)", "y = [N, 4]", "y = (Linear(4), x) -> Add", "y = f",
    "y = relu(Linear(4) -> ReLU)", "y, z = Split(2)",
]  # fmt: skip


@pytest.mark.parametrize("line", FORGOTTEN)
def test_a_binding_does_not_take_the_incoming_value_in_silence(tmp_path: Path, line: str) -> None:
    blocks = "block Unit { Linear(4) }\nblock Pair: a, b { a + b }\n"
    path = tmp_path / "model.nn"
    text = f"{blocks}model M {{\n  input x: float[N, 4]\n  f = Linear(4)\n  {line}\n  Linear(2)\n}}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as error:
        nnspec.load(path)
    (mistake,) = [each.diagnostic for each in error.value.found]
    assert mistake.code == "E0232"
    assert "= _ -> " in (mistake.help or "")
    path.write_text(text.replace(" = ", " = _ -> ", 2).replace("f = _ ->", "f ="), encoding="utf-8")
    if "Pair" not in line and "(Linear(4)" not in line:
        nnspec.load(path)


@pytest.mark.parametrize(
    "line",
    ["y = x", "y = _", "y = x + 1", "y = Range(4)", "y = Parameter([4])", "y = normal([4])", "y = a: _ -> Linear(4)",
     "y = _ -> Linear(4)", "y = Concat(x, x) -> Linear(4)", "y = relu(_)", "y = (x -> Linear(4), x) -> Add"],
)  # fmt: skip
def test_a_binding_begins_with_a_value(tmp_path: Path, line: str) -> None:
    assert [each.code for each in found(tmp_path, f"  {line}\n  _ + y -> Linear(4)", "float[N, 4]")] == []


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
