"""The numbers of networks over sequences under recipe weights: PyTorch in float64, ONNX in float32 at any length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from reference import language, recipe
from reference.proof import EXACT, SINGLE, assert_close, assert_reproduced, filled, load, several
from reference.records import goldens
from reference.sequences import GOLDENS as SEQUENCES
from safetensors.torch import save_file
from torch.nn import functional as F

from nnspec.to_onnx.export import export_model

GOLDENS = SEQUENCES | language.GOLDENS
EVALUATED = [name for name in GOLDENS if "outputs" in goldens()[name]]
TIME_FIRST = {name for name in GOLDENS if "lm_tiny" in name or "seq2seq" in name}
LENGTHS = (2, 7, 13)  # sequences that no golden has
SOUND = 400  # numbers of a sound for one vector


def inputs(name: str, length: int | None = None) -> list[torch.Tensor]:
    """The inputs of the golden, or such inputs of another length."""
    made = []
    for index, spec in enumerate(goldens()[name]["inputs"]):
        shape = list(spec["shape"])
        if length is not None and len(shape) == 2:
            shape[0 if name in TIME_FIRST else 1] = length * (SOUND if spec["fill"] == "real" else 1)
        lengths = {"lengths": [length, length // 2]} if length and spec["fill"] == "prefix_mask" else {}
        made.append(recipe.make_input(spec | {"shape": shape} | lengths, index))
    return made


@pytest.mark.parametrize("name", EVALUATED)
def test_pytorch_gives_the_outputs_loss_and_gradient_of_the_reference(name: str) -> None:
    assert_reproduced(filled(name, GOLDENS[name]), inputs(name), goldens()[name])


def test_a_few_steps_of_adamw_give_the_losses_and_weights_of_the_reference() -> None:
    golden = goldens()["gpt2_tiny_adamw"]["train"]
    module = filled("gpt2_tiny_adamw", GOLDENS["gpt2_tiny_adamw"]).train()
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
    module = filled(name, GOLDENS[name])
    state = {key: tensor.float().clone() for key, tensor in module.state_dict().items()}
    save_file(state, tmp_path / "weights.safetensors")
    model = export_model(load(GOLDENS[name]).program, tmp_path / "weights.safetensors")
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
