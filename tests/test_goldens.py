"""The numbers of the reference implementations under recipe weights: PyTorch in float64, and ONNX in float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from reference import recipe
from reference.classics import GOLDENS
from reference.records import SPECS, goldens
from safetensors.torch import save_file
from torch.nn import functional as F

import nnspec
from nnspec.model import Model
from nnspec.to_onnx.export import export_model

OUTPUTS = [name for name in GOLDENS if "outputs" in goldens()[name]]
EVALUATED = [name for name in OUTPUTS if goldens()[name]["mode"] == "eval"]
TRAINED = [name for name in GOLDENS if "train" in goldens()[name]]

EXACT = 1e-6  # of PyTorch in float64, relative to the standard deviation of the golden
SINGLE = 1e-4  # of ONNX in float32, likewise


def load(name: str) -> Model:
    """The model of a golden."""
    file, model, settings = GOLDENS[name]
    return nnspec.load(SPECS / file, model, settings=settings)


def filled(name: str, mode: str) -> torch.nn.Module:
    """Its module in float64 with the weights of the recipe."""
    module: torch.nn.Module = recipe.fill_(load(name).to_torch().double(), **goldens()[name]["weights"])
    return module.train(mode == "train")


def inputs(name: str) -> list[torch.Tensor]:
    """Its inputs; the variational autoencoder of the spec takes images where the reference takes vectors of 784."""
    made = [recipe.make_input(spec, index) for index, spec in enumerate(goldens()[name]["inputs"])]
    return [made[0].reshape(-1, 1, 28, 28), *made[1:]] if name == "vae" else made


def compared(name: str, results: Any) -> list[torch.Tensor]:
    """The results that the golden holds, in its order and shapes."""
    found = list(results) if isinstance(results, (tuple, list)) else [results]
    return [found[0].flatten(1), *found[1:]] if name == "vae" else found


def run(name: str, module: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The results; the noise of the variational autoencoder is that of the golden."""
    given = inputs(name)
    if name == "vae":
        noise = given.pop()
        monkeypatch.setattr(torch, "randn_like", lambda like: noise.to(like.dtype).reshape(like.shape))
    return compared(name, module(*given))


def assert_close(ours: torch.Tensor, golden: dict[str, Any], tolerance: float) -> None:
    """Shape, first values, mean and standard deviation, relative to the standard deviation of the golden."""
    found = recipe.summary(ours)
    assert found["shape"] == golden["shape"]
    within = tolerance * golden["std"]
    assert found["first"] == pytest.approx(golden["first"], rel=0, abs=within)
    assert (found["mean"], found["std"]) == pytest.approx((golden["mean"], golden["std"]), rel=0, abs=within)


@pytest.mark.parametrize("name", OUTPUTS)
def test_pytorch_gives_the_outputs_loss_and_gradient_of_the_reference(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = goldens()[name]
    module = filled(name, golden["mode"])
    results = run(name, module, monkeypatch)
    for ours, wanted in zip(results, golden["outputs"].values(), strict=True):
        assert_close(ours, wanted, EXACT)
    loss = sum((ours**2).mean() for ours in results)
    assert isinstance(loss, torch.Tensor)
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    norm = torch.stack([gradient.norm() for gradient in gradients]).norm()
    assert (loss.item(), norm.item()) == pytest.approx((golden["loss"], golden["grad_norm"]), rel=EXACT)
    buffers = dict(module.named_buffers())
    for key, wanted in golden.get("buffers_after", {}).items():
        assert_close(buffers[key], wanted, EXACT)


def test_the_loss_terms_of_the_variational_autoencoder_are_those_of_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recon, mu, logvar = run("vae", filled("vae", "eval"), monkeypatch)
    image = inputs("vae")[0].flatten(1)
    terms = {
        "bce_sum": F.binary_cross_entropy(recon, image, reduction="sum").item(),
        "kl_sum": (-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()).item(),
    }
    assert terms == pytest.approx(goldens()["vae"]["terms"], rel=EXACT)


def test_auxiliary_classifiers_answer_in_training_only() -> None:
    settings = {"auxiliary": True, "classes": 7, "H": 64, "W": 64}
    module = nnspec.load(SPECS / "googlenet.nn", settings=settings).to_torch()
    image = torch.zeros(2, 3, 64, 64)
    assert [tuple(result.shape) for result in module.train()(image)] == [(2, 7)] * 3
    assert tuple(module.eval()(image).shape) == (2, 7)


@pytest.mark.parametrize("name", TRAINED)
def test_a_few_steps_of_sgd_give_the_losses_and_weights_of_the_reference(name: str) -> None:
    golden = goldens()[name]
    module = filled(name, "eval")  # the reference trains without dropout, and neither network has running statistics
    rate, momentum = {"lenet5_sgd": (0.05, 0.9), "mnist_convnet_sgd": (0.01, 0.0)}[name]
    optimizer = torch.optim.SGD(module.parameters(), lr=rate, momentum=momentum)
    (image,) = inputs(name)
    labels = recipe.int_input([len(image)], 10, 99)
    losses = []
    for _ in golden["train"]["losses"]:
        loss = F.cross_entropy(module(image), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses == pytest.approx(golden["train"]["losses"], rel=EXACT)
    ours = list(module.state_dict().values())[:2]  # the first weight and its bias, whatever their names are
    for weight, wanted in zip(ours, golden["train"]["weights_after"].values(), strict=True):
        assert_close(weight, wanted, EXACT)


@pytest.mark.parametrize("name", EVALUATED)
def test_onnx_gives_the_outputs_of_the_reference(name: str, tmp_path: Path) -> None:
    weights = tmp_path / "weights.safetensors"
    state = {
        key: tensor.float() if tensor.is_floating_point() else tensor
        for key, tensor in filled(name, "eval").state_dict().items()
    }
    save_file(state, weights)
    model = export_model(load(name).program, weights)
    if name == "vae":
        noise_as_input(model)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    ports = [port.name for port in session.get_inputs()]
    given = dict(zip(ports, (tensor.numpy().astype(np.float32) for tensor in inputs(name)), strict=True))
    results = compared(name, [torch.from_numpy(result) for result in session.run(None, given)])
    for ours, wanted in zip(results, goldens()[name]["outputs"].values(), strict=True):
        assert_close(ours, wanted, SINGLE)


def noise_as_input(model: onnx.ModelProto) -> None:
    """Turn the one random node into an input, to give it the noise of the golden."""
    (node,) = (node for node in model.graph.node if node.op_type.startswith("RandomNormal"))
    model.graph.node.remove(node)
    model.graph.input.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, [2, 20]))
