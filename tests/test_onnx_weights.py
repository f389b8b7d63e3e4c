"""Weights for ONNX: read from files of every kind, checked key by key; damaged and wrong files are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import numpy_helper
from safetensors.torch import save_file

import nnspec
from nnspec import SpecError

TEXT = """
model Net(width = 4) {
  input x: float[N, 3]
  first: Linear(width) -> BatchNorm1d -> ReLU
  last: Linear(2)
}
"""


@pytest.fixture
def model() -> nnspec.Model:
    return nnspec.loads(TEXT)


@pytest.fixture
def state(model: nnspec.Model) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {key: tensor.clone() for key, tensor in model.to_torch().state_dict().items()}


def read(model: nnspec.Model, path: Path) -> np.ndarray:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.to_onnx(path).graph.initializer}
    return tensors["last.weight"]


def refused(model: nnspec.Model, path: Path) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        model.to_onnx(path)
    return caught.value.diagnostics[0].code, str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_weights_of_every_precision_become_float32(
    model: nnspec.Model, state: dict[str, torch.Tensor], tmp_path: Path, dtype: torch.dtype, suffix: str
) -> None:
    stored = {key: value.to(dtype) if value.is_floating_point() else value for key, value in state.items()}
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pt":
        torch.save({"epoch": 3, "state_dict": stored}, path)
    else:
        save_file(stored, path)
    found = read(model, path)
    assert found.dtype == np.float32
    assert np.array_equal(found, stored["last.weight"].float().numpy())


def test_an_index_of_several_files_is_read(model: nnspec.Model, state: dict[str, torch.Tensor], tmp_path: Path) -> None:
    parts = {"a.safetensors": list(state)[:3], "b.safetensors": list(state)[3:]}
    for name, keys in parts.items():
        save_file({key: state[key] for key in keys}, tmp_path / name)
    index = tmp_path / "model.safetensors.index.json"
    weight_map = {key: name for name, keys in parts.items() for key in keys}
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    assert np.array_equal(read(model, index), state["last.weight"].numpy())

    index.write_text(json.dumps({"weight_map": {**weight_map, "last.weight": "../b.safetensors"}}))
    assert "'../b.safetensors' is not the name of a file of weights in the same folder" in refused(model, index)[1]
    index.write_text("[]")
    assert refused(model, index)[0] == "E0707"


def test_counters_may_be_absent_and_one_of_two_tied_keys(tmp_path: Path) -> None:
    model = nnspec.loads(
        "model Net {\n  input t: int[N]\n  wte: Embedding(5, 3) -> BatchNorm1d\n"
        "  head: Linear(5, bias = false, weight = wte.weight)\n}"
    )
    state = {key: value.clone() for key, value in model.to_torch().state_dict().items()}
    for absent in ("head.weight", "wte.weight"):
        kept = {k: v for k, v in state.items() if k != absent and not k.endswith("num_batches_tracked")}
        save_file(kept, tmp_path / "w.safetensors")
        tensors = {
            t.name: numpy_helper.to_array(t) for t in model.to_onnx(tmp_path / "w.safetensors").graph.initializer
        }
        assert np.array_equal(tensors["wte.weight"], state["wte.weight"].numpy())
    save_file({**state, "head.weight": state["head.weight"] + 1}, tmp_path / "w.safetensors")
    code, text = refused(model, tmp_path / "w.safetensors")
    assert code == "E0708" and "head.weight and wte.weight are one weight in the model, and differ in the file" in text


def test_every_difference_is_told_in_one_message(
    model: nnspec.Model, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = tmp_path / "w.safetensors"
    changed = {**state, "lst.weight": state["last.weight"], "first.bias": torch.zeros(5)}
    changed["1.weight"] = torch.zeros(4, dtype=torch.int64)
    del changed["last.weight"]
    save_file(changed, path)
    code, text = refused(model, path)
    assert code == "E0708"
    assert [line.strip() for line in text.splitlines() if "note" in line] == [
        "= note: missing: last.weight [2, 4]; the file has lst.weight",
        "= note: not in the model: lst.weight [2, 4]",
        "= note: first.bias is [5] in the file, [4] in the model",
        "= note: 1.weight has elements of type I64 in the file, float in the model",
        "= note: 6 keys agree",
    ]


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("kept", [0, 3, 60, 0.5])
def test_a_damaged_file_is_a_mistake_with_a_message(
    model: nnspec.Model, state: dict[str, torch.Tensor], tmp_path: Path, suffix: str, kept: float
) -> None:
    path = tmp_path / f"w{suffix}"
    torch.save(state, path) if suffix == ".pt" else save_file(state, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    assert refused(model, path)[0] == "E0707"


def test_a_checkpoint_that_needs_pickle_is_refused(model: nnspec.Model, tmp_path: Path) -> None:
    path = tmp_path / "module.pt"
    torch.save(torch.nn.Linear(2, 2), path)
    assert refused(model, path)[0] == "E0707"


def test_what_is_no_file_of_weights_is_refused(model: nnspec.Model, tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("weights")
    torch.save([1, 2], tmp_path / "list.pt")
    reasons = {"w.txt": ".txt is not a format of weights", "none.pt": "there is no such file", "": "it is a folder",
               "list.pt": "it does not hold a state_dict"}  # fmt: skip
    for name, reason in reasons.items():
        code, text = refused(model, tmp_path / name)
        assert code == "E0707" and reason in text


def test_untrained_weights_have_the_distribution_that_the_spec_asks_for() -> None:
    model = nnspec.loads(
        "model Net {\n  input x: float[N, 300]\n"
        '  a: Linear(200) -> b: Linear(200, weight_init = ["truncated_normal", 0.5, 0.1], bias_init = 3.0)\n}'
    )
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.to_onnx().graph.initializer}
    bound = 300**-0.5
    assert abs(tensors["a.weight"]).max() <= bound
    assert tensors["a.weight"].std() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert abs(tensors["b.weight"] - 0.5).max() <= 0.2
    assert tensors["b.weight"].mean() == pytest.approx(0.5, abs=0.002)
    assert (tensors["b.bias"] == 3).all()
    again = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.to_onnx().graph.initializer}
    assert all(np.array_equal(tensors[name], again[name]) for name in tensors)
