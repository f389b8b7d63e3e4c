"""What a model file asks of its inputs: indices within their tables, sizes within their bounds, and empty batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.infer.session import Session

RECURRENT = "model R {{\n  input x: float[N, T, 4]\n  output y = {layer}(5, batch_first = true)\n}}\n"
LANGUAGE = """
model Lm(context = 6) {
  input tokens: int[N, T TOO]
  a = tokens -> wte: Embedding(11, 4)
  b = Range(T) -> wpe: Embedding(context, 4)
  a + b
  output logits = head: Linear(11, bias = false, weight = wte.weight)
}
"""


def session(text: str) -> Session:
    return Session(nnspec.loads(text).to_onnx().SerializeToString())


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["predict", *map(str, arguments)])


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
def test_an_empty_batch_gives_an_empty_result_of_the_right_shape(layer: str, tmp_path: Path) -> None:
    opened = session(RECURRENT.format(layer=layer))
    assert opened.run({"x": np.zeros((0, 3, 4))})["y"].shape == (0, 3, 5)
    assert opened.run({"x": np.zeros((2, 0, 4))}, batch=1)["y"].shape == (2, 0, 5)
    nnspec.loads(RECURRENT.format(layer=layer)).export_onnx(tmp_path / "r.onnx", verify=False)
    np.save(tmp_path / "x.npy", np.zeros((0, 3, 4), np.float32))
    result = predict(tmp_path / "r.onnx", "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy")
    assert result.exit_code == 0, result.output
    assert np.load(tmp_path / "y.npy").shape == (0, 3, 5)


def test_the_layers_that_pytorch_runs_on_nothing_give_the_same_shapes(tmp_path: Path) -> None:
    steps = [
        "Conv2d(4, 3)",
        "MaxPool2d(2)",
        "BatchNorm2d",
        "GlobalAvgPool2d -> Flatten -> Linear(2)",
        "Upsample(scale_factor = 2.0)",
    ]
    for step in steps:
        model = nnspec.loads(f"model M {{\n  input x: float[N, 3, H, 8]\n  x -> {step}\n  output y = _\n}}")
        found = Session(model.to_onnx().SerializeToString()).run({"x": np.zeros((0, 3, 10, 8))})["y"]
        assert found.shape == model.to_torch().eval()(torch.zeros(0, 3, 10, 8)).shape, step


def test_what_is_something_even_of_nothing_is_refused() -> None:
    opened = session("model M {\n  input x: float[N, 4]\n  output y = mean(x)\n}")
    with pytest.raises(SpecError, match="N is 0, and the model takes N >= 1"):
        opened.run({"x": np.zeros((0, 4))})


def test_a_session_knows_the_bounds_that_the_spec_and_its_tables_give(tmp_path: Path) -> None:
    for bound in ("<= context", ""):  # the table of places has as many rows, said or not
        opened = session(LANGUAGE.replace("TOO", bound))
        for tokens in ([[1, 2, -1]], [[11]]):
            with pytest.raises(SpecError, match="E0806"):
                opened.run({"tokens": tokens})
            with pytest.raises(SpecError, match="E0806"):
                opened.bind({"tokens": np.array(tokens)})
        with pytest.raises(SpecError, match="T is 7, and the model takes T <= 6"):
            opened.run({"tokens": np.zeros((1, 7), np.int64)})
        assert opened.run({"tokens": np.full((2, 6), 10)})["logits"].shape == (2, 6, 11)
    nnspec.loads(LANGUAGE.replace("TOO", "")).export_onnx(tmp_path / "m.onnx", verify=False)
    np.save(tmp_path / "x.npy", np.array([[3, -1]]))
    result = predict(tmp_path / "m.onnx", "--input", tmp_path / "x.npy")
    assert result.exit_code == 1 and "tokens holds the index -1" in result.stderr


def test_multiples_are_known_and_declared_greatest_sizes_too() -> None:
    text = "model M {\n  input x: float[N, 3, 32*h, W <= 4]\n  output y = x + 1\n}"
    opened = session(text)
    with pytest.raises(SpecError, match="which is not 32"):
        opened.run({"x": np.zeros((1, 3, 33, 4))})
    with pytest.raises(SpecError, match="W is 5, and the model takes W <= 4"):
        opened.run({"x": np.zeros((1, 3, 32, 5))})
    assert opened.run({"x": np.zeros((1, 3, 0, 4))})["y"].shape == (1, 3, 0, 4)


def test_what_is_no_array_is_a_message() -> None:
    opened = session("model M {\n  input x: float[N, 2]\n  output y = x + 1\n}")
    for value in ([[1, 2], [3]], torch.zeros(1, 2, requires_grad=True)):
        with pytest.raises(SpecError, match="E0822"):
            opened.run({"x": value})
