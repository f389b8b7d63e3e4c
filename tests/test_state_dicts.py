"""Weights are taken as a `state_dict` wherever they are taken as a file: tensors of any type, and arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

import nnspec

SPEC = """
model Small {
  input x: float[N, 4]
  body: Linear(8) -> norm: BatchNorm1d -> ReLU
  output y = head: Linear(3)
}
train { loss = mean(y ** 2)  }
"""


@pytest.fixture(scope="module")
def model() -> nnspec.Model:
    return nnspec.loads(SPEC)


@pytest.fixture(scope="module")
def module(model: nnspec.Model) -> torch.nn.Module:
    torch.manual_seed(0)
    made = model.to_torch().eval()
    with torch.no_grad():
        made.norm.running_mean.normal_()  # type: ignore[operator, union-attr]
    return made


def outputs(model: nnspec.Model, weights: Any, x: torch.Tensor) -> np.ndarray[Any, Any]:
    session = onnxruntime.InferenceSession(model.to_onnx(weights).SerializeToString())
    return session.run(["y"], {"x": x.numpy()})[0]


def test_tensors_arrays_and_whole_checkpoints_are_exported_alike(model: nnspec.Model, module: torch.nn.Module) -> None:
    x = torch.randn(5, 4)
    with torch.no_grad():
        wanted = module(x).numpy()
    state = module.state_dict()
    arrays = {key: tensor.numpy() for key, tensor in state.items()}
    for weights in (state, arrays, {"state_dict": state, "epoch": 3}):
        np.testing.assert_allclose(outputs(model, weights, x), wanted, atol=1e-5)


def test_tensors_are_loaded_compared_verified_and_measured(
    model: nnspec.Model, module: torch.nn.Module, tmp_path: Path
) -> None:
    state = {
        key: tensor.double() if tensor.is_floating_point() else tensor for key, tensor in module.state_dict().items()
    }
    loaded = model.to_torch(state)
    assert all(torch.equal(tensor.double(), state[key].double()) for key, tensor in loaded.state_dict().items())
    fresh = model.to_torch()
    model.load_weights(fresh, module.state_dict())
    assert torch.equal(fresh.state_dict()["norm.running_mean"], state["norm.running_mean"].float())
    assert model.compare_weights(state).sound
    model.export_onnx(tmp_path / "small.onnx", state)
    assert model.verify(tmp_path / "small.onnx", module.state_dict())
    with pytest.raises(nnspec.SpecError, match="E0705"):
        model.verify(tmp_path / "small.onnx", {**state, "head.bias": state["head.bias"] + 1})
    found = model.benchmark(state, batches=(2,), seconds=0.01, compiled=False)
    assert not any(each.failed for each in found)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda state: {key: value for key, value in state.items() if key != "head.bias"}, "head.bias"),
        (lambda state: {**state, "head.bias": torch.zeros(4)}, r"head.bias"),
        (lambda state: {**state, "head.bias": "none"}, "head.bias is of type str, and no tensor"),
        (lambda state: {**state, "head.bias": torch.full((3,), torch.nan)}, "head.bias"),
        (lambda state: 3, "must be a path or a state_dict or a WeightChoice, and is 3"),
        (lambda state: torch.nn.Linear(2, 2), r"give its state_dict\(\)"),
    ],
    ids=["missing", "shape", "text", "NaN", "number", "module"],
)
def test_what_is_no_state_dict_of_the_model_is_refused(
    model: nnspec.Model, module: torch.nn.Module, change: Any, told: str
) -> None:
    with pytest.raises(nnspec.SpecError, match=told):
        model.to_torch(change(module.state_dict()))
