"""Exports to files: checked against PyTorch before they are there, whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import save_file

import nnspec
from nnspec import SpecError
from nnspec.layers.families.sigmoids import Tanh
from nnspec.to_onnx import export
from nnspec.to_onnx import rows as onnx_rows
from nnspec.to_onnx.row import ROWS

VAE = """
model VAE(latent = 3) {
  input image: float[N, 1, 4, 4]
  hidden = image -> Flatten -> fc1: Linear(8) -> Tanh
  mu = hidden -> fc21: Linear(latent)
  logvar = hidden -> fc22: Linear(latent)
  mu + exp(0.5 * logvar) * normal(mu) -> fc3: Linear(16) -> Sigmoid -> Reshape([N, 1, 4, 4])
  output recon = _
  output mu
}
"""
assert onnx_rows.__path__


def refused(model: nnspec.Model, path: Path, **options: Any) -> str:
    with pytest.raises(SpecError) as caught:
        model.export_onnx(path, **options)
    return f"{caught.value.diagnostics[0].code} {caught.value.diagnostics[0].message}"


def test_an_export_is_compared_at_two_sizes_and_tells_the_difference(tmp_path: Path) -> None:
    model = nnspec.loads(
        "model Net {\n  input image: float[N, 3, 4*h, W]\n  Conv2d(4, 5) -> BatchNorm2d -> Tanh -> MaxPool2d(2)\n}"
    )
    made = model.export_onnx(tmp_path / "net.onnx")
    assert made.difference is not None and 0 <= made.difference < 1e-5
    assert made.notes == ("untrained weights, seed 0",)
    assert made.bytes == (tmp_path / "net.onnx").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_a_wrong_row_is_found_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nnspec.loads("model Net {\n  input x: float[N, 4]\n  output y = fc: Linear(3) -> Tanh\n}")
    monkeypatch.setitem(ROWS, Tanh, lambda layer, call, graph: graph.node("Sigmoid", [call.inputs[0]]))
    assert refused(model, tmp_path / "net.onnx").startswith("E0705 the ONNX model differs from PyTorch in the output y")
    monkeypatch.setitem(ROWS, Tanh, lambda layer, call, graph: graph.node("Gather", [call.inputs[0], call.inputs[0]]))
    assert refused(model, tmp_path / "net.onnx").startswith("E0710 the checker of onnx refuses the model")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setitem(ROWS, Tanh, lambda layer, call, graph: graph.node("Sigmoid", [call.inputs[0]]))
    assert model.export_onnx(tmp_path / "net.onnx", verify=False).difference is None


def test_random_outputs_are_named_and_the_others_compared(tmp_path: Path) -> None:
    made = nnspec.loads(VAE).export_onnx(tmp_path / "vae.onnx")
    assert made.opset == 21
    assert made.difference is not None
    assert "not compared, since random: recon" in made.notes


def test_indices_and_sizes_that_a_layer_takes_are_found(tmp_path: Path) -> None:
    model = nnspec.loads(
        "model Net {\n  input tokens: int[N, T <= 5]\n  input image: float[N, 3, H, H]\n"
        "  output a = tokens -> Embedding(3, 4)\n  output b = image -> ReflectionPad2d(3) -> Conv2d(2, 9)\n}"
    )
    assert model.export_onnx(tmp_path / "net.onnx").difference is not None


def test_large_weights_go_to_a_file_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "LARGEST", 1 << 14)
    model = nnspec.loads("model Net {\n  input x: float[N, 64]\n  a: Linear(64) -> b: Linear(64) -> c: Linear(2)\n}")
    made = model.export_onnx(tmp_path / "net.onnx")
    assert made.difference is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx", "net.onnx.data"]
    assert made.bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    onnx.checker.check_model(str(tmp_path / "net.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"))
    monkeypatch.undo()
    whole = onnxruntime.InferenceSession(model.to_onnx().SerializeToString())
    inputs = {"x": np.ones((1, 64), np.float32)}
    np.testing.assert_array_equal(session.run(None, inputs)[0], whole.run(None, inputs)[0])


def test_a_place_that_cannot_be_written_is_a_mistake_with_a_message(tmp_path: Path) -> None:
    model = nnspec.loads("model Net {\n  input x: float[N, 4]\n  Linear(3)\n}")
    assert refused(model, tmp_path / "none" / "net.onnx").startswith("E0502 cannot write")
    assert refused(model, tmp_path).startswith("E0502 cannot write")


def test_without_torch_a_model_is_exported_and_run_all_the_same(tmp_path: Path) -> None:
    text = "model Net {\n  input x: float[N, 4]\n  output y = fc: Linear(3) -> BatchNorm1d\n}\n"
    (tmp_path / "net.nn").write_text(text)
    tensors = {name: tensor.numpy() for name, tensor in nnspec.loads(text).to_torch().state_dict().items()}
    save_file(tensors, tmp_path / "net.safetensors")
    np.save(tmp_path / "x.npy", np.ones((1, 4)))
    script = """
        import sys
        sys.modules["torch"] = None
        from nnspec.cli.main import main
        weights = ["--weights", "net.safetensors"]
        main(["export", "net.nn", *weights, "--onnx", "net.onnx"], standalone_mode=False)
        main(["predict", "net.onnx", "--input", "x.npy"], standalone_mode=False)
        main(["predict", "net.nn", *weights, "--input", "x.npy"], standalone_mode=False)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[1] == "  note: not verified: PyTorch cannot be imported"
    assert lines[2].startswith("y  float32 [1, 3]") and lines[2:4] == lines[4:]
