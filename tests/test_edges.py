"""Inputs that users send: masks that hide everything, padding, windows without a key, ends of tables, NaN, infinity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from click.testing import CliRunner

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.to_onnx.choices import TARGETS

Array = np.ndarray[Any, Any]
MASKED = """
model Masked {
  input q: float[N, 2, T, 4]
  input k: float[N, 2, S, 4]
  input m: KIND[N, 1, T, S]
  output y = attention(q, k, k, mask = m)
}
"""
PADDED = """
model Padded {
  input x: float[N, T, 8]
  input pad: bool[N, T]
  x -> a: MultiheadAttention(2, key_padding_mask = pad)
  output y = _
}
"""
WINDOW = """
model Window {
  input q: float[N, 2, T, 4]
  input k: float[N, 2, S, 4]
  output y = attention(q, k, k, causal = true, window = 2)
}
"""


def numbers(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32)


def hidden(kind: str, number: float) -> Array:
    """One row of the first sample sees nothing, nor does any of the second."""
    seen = np.ones((2, 1, 3, 5), np.bool_)
    seen[0, 0, 1] = seen[1] = False
    return seen if kind == "bool" else np.where(seen, 0, number).astype(np.float32)


def agree(model: nnspec.Model, inputs: dict[str, Array]) -> Array:
    """PyTorch's output, which all targets give as well."""
    with torch.no_grad():
        wanted: Array = model.to_torch().eval()(*map(torch.from_numpy, inputs.values())).numpy()
    for target in TARGETS:
        session = ort.InferenceSession(model.to_onnx(target=target).SerializeToString())
        np.testing.assert_allclose(session.run(None, inputs)[0], wanted, atol=1e-6)
    return wanted


@pytest.mark.parametrize("kind", ["bool", "float"])
def test_a_row_that_sees_no_key_gives_zeros_on_every_target(kind: str) -> None:
    inputs = {"q": numbers(2, 2, 3, 4), "k": numbers(2, 2, 5, 4), "m": hidden(kind, -np.inf)}
    made = agree(nnspec.loads(MASKED.replace("KIND", kind)), inputs)
    assert not made[0, :, 1].any() and not made[1].any() and made[0, :, 0].all()


@pytest.mark.parametrize("number", [-1e4, -1e9, -1e30, float(np.finfo(np.float32).min)])
def test_a_row_of_large_negative_numbers_is_what_pytorch_makes_of_it(number: float) -> None:
    inputs = {"q": numbers(2, 2, 3, 4), "k": numbers(2, 2, 5, 4), "m": hidden("float", number)}
    assert agree(nnspec.loads(MASKED.replace("KIND", "float")), inputs).all()


def test_a_query_without_a_key_in_its_window_gives_zeros_on_every_target() -> None:
    made = agree(nnspec.loads(WINDOW), {"q": numbers(2, 2, 9, 4), "k": numbers(2, 2, 3, 4)})
    assert made[:, :, :4].any() and not made[:, :, 4:].any()


@pytest.mark.parametrize("text", [MASKED.replace("KIND", "bool"), MASKED.replace("KIND", "float"), PADDED, WINDOW])
@pytest.mark.parametrize("target", TARGETS)
def test_an_export_is_compared_on_them(tmp_path: Path, text: str, target: Any) -> None:
    model = nnspec.loads(text)
    assert model.export_onnx(tmp_path / "m.onnx", target=target).difference is not None
    edges = model.verify(tmp_path / "m.onnx", trials=1).edges
    if "window" in text:
        assert "lengths far apart" in edges
    else:
        assert {"masks that hide everything", "padding on the left", "padding on the right"} <= {*edges}
    assert {"NaN", "infinity"} <= {*edges}


def without_the_last_product(path: Path) -> None:
    """The model with what zeroes blind rows taken out, as other exporters write it."""
    model = onnx.load(path)
    last = next(node for node in model.graph.node if "y" in node.output)
    assert last.op_type == "Mul"
    last.op_type = "Identity"
    del last.input[1:]
    onnx.save(model, path)


@pytest.mark.parametrize(("text", "words"), [(MASKED.replace("KIND", "bool"), "E0705"), (WINDOW, "lengths far apart")])
def test_a_file_that_differs_there_alone_is_found(tmp_path: Path, text: str, words: str) -> None:
    model = nnspec.loads(text)
    model.export_onnx(tmp_path / "m.onnx", verify=False)
    without_the_last_product(tmp_path / "m.onnx")
    with pytest.raises(SpecError, match=words):
        model.verify(tmp_path / "m.onnx", trials=1)


def test_nan_that_gets_lost_and_outputs_of_nan_are_told(tmp_path: Path) -> None:
    spec = tmp_path / "m.nn"
    spec.write_text("model R {\n  input x: float[N, T, 4]\n  output y = LSTM(5, batch_first = true)\n}\n")
    result = CliRunner().invoke(main, ["export", str(spec), "--onnx", str(tmp_path / "m.onnx")])
    assert result.exit_code == 0 and "note: NaN in the inputs: y has numbers where PyTorch has none" in result.output
    spec.write_text("model R {\n  input x: float[N, 4]\n  output y = sqrt(-1.0 - x * x)\n}\n")
    result = CliRunner().invoke(main, ["export", str(spec), "--onnx", str(tmp_path / "m.onnx")])
    assert result.exit_code == 0 and "note: y is NaN or infinite on x [" in result.output
