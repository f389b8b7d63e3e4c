"""Weights of NaN: whatever takes them says which key holds it, and nothing equals them in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import save_file

import nnspec
from nnspec.cli.main import main

PLAIN = "model M {\n  input x: float[N, 4]\n  x -> fc: Linear(3) -> norm: BatchNorm1d\n  output y = _\n}\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    model = nnspec.loads(PLAIN)
    Path("m.nn").write_text(PLAIN)
    weights = {key: tensor.numpy() for key, tensor in model.to_torch().state_dict().items()}
    for name, value in (("nan", np.nan), ("inf", np.inf)):
        save_file({**weights, "fc.bias": np.array([0, value, 1], np.float32)}, f"{name}.safetensors")
    save_file({**weights, "norm.running_mean": np.array([0, -np.inf, 1], np.float32)}, "buffer.safetensors")
    np.save("x.npy", np.zeros((1, 4), np.float32))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["export", "m.nn", "--onnx", "m.onnx", "--weights"],
        ["export", "m.nn", "--onnx", "m.onnx", "--no-verify", "--weights"],
        ["export", "m.nn", "--triton", "served", "--precision", "float16", "--weights"],
        ["predict", "m.nn", "--input", "x.npy", "--weights"],
        ["verify", "m.nn", "plain.onnx", "--weights"],
        ["bench", "m.nn", "--seconds", "0.01", "--no-compiled", "--weights"],
    ],
)
@pytest.mark.parametrize(("name", "kind"), [("nan", "NaN"), ("inf", "infinity")])
def test_every_command_that_takes_weights_names_the_key(files: Path, command: list[str], name: str, kind: str) -> None:
    nnspec.load("m.nn").export_onnx("plain.onnx", verify=False)
    result = run(*command, f"{name}.safetensors")
    assert result.exit_code == 1
    assert "error[E0720]: fc.bias" in result.stderr and f"holds {kind}, in 1 of 3 elements" in result.stderr
    assert not Path("m.onnx").exists() and not Path("served/M").exists()


def test_the_check_of_weights_and_the_library_say_so_too(files: Path) -> None:
    result = run("weights", "check", "m.nn", "nan.safetensors")
    assert result.exit_code == 1 and "NaN, in 1 of 3 elements" in result.stdout
    with pytest.raises(nnspec.SpecError, match="E0720"):
        nnspec.load("m.nn").to_torch("nan.safetensors")


def test_buffers_may_hold_infinities_as_masks_do(files: Path) -> None:
    assert nnspec.load("m.nn").to_torch("buffer.safetensors") is not None
    assert run("weights", "check", "m.nn", "buffer.safetensors").exit_code == 0
