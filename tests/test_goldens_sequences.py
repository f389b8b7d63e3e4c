"""The numbers of networks over sequences under recipe weights: PyTorch in float64, ONNX in float32 at any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from reference import recipe
from reference.records import SPECS, goldens
from reference.sequences import GOLDENS
from safetensors.torch import save_file
from torch.nn import functional as F

import nnspec
from nnspec.api import Model
from nnspec.to_onnx.export import export_model

EVALUATED = [name for name in GOLDENS if "outputs" in goldens()[name]]
TIME_FIRST = {name for name in GOLDENS if "lm_tiny" in name or "seq2seq" in name}
EXACT = 1e-6  # of PyTorch in float64, relative to the standard deviation of the golden
SINGLE = 1e-4  # of ONNX in float32, likewise
LENGTHS = (2, 7, 13)  # sequences that no golden has


def load(name: str) -> Model:
    """The model of a golden."""
    file, model, settings = GOLDENS[name]
    return nnspec.load(SPECS / file, model, settings=settings)


def filled(name: str) -> torch.nn.Module:
    """Its module in float64 with the weights of the recipe, in evaluation."""
    module: torch.nn.Module = recipe.fill_(load(name).to_torch().double(), **goldens()[name]["weights"])
    return module.eval()


def inputs(name: str, length: int | None = None) -> list[torch.Tensor]:
    """The inputs of the golden, or such inputs of another length."""
    made = []
    for index, spec in enumerate(goldens()[name]["inputs"]):
        shape = list(spec["shape"])
        if length is not None and len(shape) == 2:
            shape[0 if name in TIME_FIRST else 1] = length
        lengths = {"lengths": [length, length // 2]} if length and spec["fill"] == "prefix_mask" else {}
        made.append(recipe.make_input(spec | {"shape": shape} | lengths, index))
    return made


def several(results: Any) -> list[torch.Tensor]:
    """The results as a list."""
    return list(results) if isinstance(results, (tuple, list)) else [results]


def assert_close(ours: torch.Tensor, golden: dict[str, Any], tolerance: float) -> None:
    """Shape, first values, mean and standard deviation, relative to the standard deviation of the golden."""
    found = recipe.summary(ours)
    assert found["shape"] == golden["shape"]
    within = tolerance * golden["std"]
    assert found["first"] == pytest.approx(golden["first"], rel=0, abs=within)
    assert (found["mean"], found["std"]) == pytest.approx((golden["mean"], golden["std"]), rel=0, abs=within)


@pytest.mark.parametrize("name", EVALUATED)
def test_pytorch_gives_the_outputs_loss_and_gradient_of_the_reference(name: str) -> None:
    golden = goldens()[name]
    module = filled(name)
    assert sum(parameter.numel() for parameter in module.parameters()) == golden["params"]
    results = several(module(*inputs(name)))
    for ours, wanted in zip(results, golden["outputs"].values(), strict=True):
        assert_close(ours, wanted, EXACT)
    loss = torch.stack([(ours**2).mean() for ours in results]).sum()
    gradients = torch.autograd.grad(loss, list(module.parameters()), allow_unused=True)
    norm = torch.stack([gradient.norm() for gradient in gradients if gradient is not None]).norm()
    assert (loss.item(), norm.item()) == pytest.approx((golden["loss"], golden["grad_norm"]), rel=EXACT)


def test_a_few_steps_of_adamw_give_the_losses_and_weights_of_the_reference() -> None:
    golden = goldens()["gpt2_tiny_adamw"]["train"]
    module = filled("gpt2_tiny_adamw").train()
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    (tokens,) = inputs("gpt2_tiny_adamw")
    losses = []
    for _ in golden["losses"]:
        logits = module(tokens)[:, :-1]
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses == pytest.approx(golden["losses"], rel=EXACT)
    state = module.state_dict()
    for key, wanted in golden["weights_after"].items():
        assert_close(state[key], wanted, EXACT)


@pytest.mark.parametrize("name", EVALUATED)
def test_onnx_gives_the_outputs_of_the_reference_and_of_pytorch_at_other_lengths(name: str, tmp_path: Path) -> None:
    module = filled(name)
    state = {key: tensor.float().clone() for key, tensor in module.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    model = export_model(load(name).program, tmp_path / "weights.safetensors")
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for ours, wanted in zip(run(session, inputs(name)), goldens()[name]["outputs"].values(), strict=True):
        assert_close(ours, wanted, SINGLE)
    for length in LENGTHS:
        given = inputs(name, length)
        for ours, theirs in zip(run(session, given), several(module(*given)), strict=True):
            assert_close(ours, recipe.summary(theirs), 10 * SINGLE)


def run(session: ort.InferenceSession, given: list[torch.Tensor]) -> list[torch.Tensor]:
    """The results of an ONNX model, which takes floats of single precision."""
    ports = [port.name for port in session.get_inputs()]
    arrays = [tensor.numpy() for tensor in given]
    arrays = [array.astype(np.float32) if array.dtype == np.float64 else array for array in arrays]
    return [torch.from_numpy(result) for result in session.run(None, dict(zip(ports, arrays, strict=True)))]
