"""Weight norm and spectral norm: what is counted, stored, initialised, written in PyTorch and left in ONNX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

import nnspec
from nnspec.ir.macs import macs
from nnspec.ir.state import state_dict, totals
from nnspec.to_onnx.export import export_model
from nnspec.weights.load import initial_weights

CRITIC = """
model Critic(norm) {
  input image: float[N, 3, 16, 16]
  first: Conv2d(8, 4, stride = 2, padding = 1, norm = norm, weight_init = "kaiming_normal")
  norm1: BatchNorm2d -> LeakyReLU(0.2)
  up: ConvTranspose2d(5, 3, norm = norm) -> Flatten
  output score = last: Linear(2, norm = norm)
}
"""
NORMS = ["weight", "spectral"]


def critic(norm: str | None) -> nnspec.Model:
    return nnspec.loads(CRITIC, settings={"norm": norm})


class Reference(torch.nn.Module):
    """The same network, written by hand."""

    def __init__(self, norm: str) -> None:
        super().__init__()
        wrap = {"weight": weight_norm, "spectral": spectral_norm}[norm]
        self.first = wrap(torch.nn.Conv2d(3, 8, 4, 2, padding=1))
        self.norm1 = torch.nn.BatchNorm2d(8)
        self.up = wrap(torch.nn.ConvTranspose2d(8, 5, 3))
        self.last = wrap(torch.nn.Linear(500, 2))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        value = torch.nn.functional.leaky_relu(self.norm1(self.first(image)), 0.2)
        result: torch.Tensor = self.last(self.up(value).flatten(1))
        return result


@pytest.mark.parametrize("norm", NORMS)
def test_the_module_is_the_one_that_a_person_would_write(norm: str) -> None:
    torch.manual_seed(0)
    ours, theirs = critic(norm).to_torch(), Reference(norm)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert list(theirs.state_dict()) == list(ours.state_dict()) == [e.key for e in state_dict(critic(norm).program)]
    image = torch.randn(2, 3, 16, 16)
    for mode in (True, False):  # training moves the estimate of the singular value, in both alike
        torch.testing.assert_close(ours.train(mode)(image), theirs.train(mode)(image))


def test_products_do_not_depend_on_the_norm_and_lengths_are_parameters() -> None:
    plain, weight, spectral = (critic(norm).program for norm in (None, *NORMS))
    assert macs(weight)[weight.entry] == macs(spectral)[spectral.entry] == macs(plain)[plain.entry]
    counts = [totals(program)[program.entry] for program in (plain, weight, spectral)]
    assert [count.parameters - counts[0].parameters for count in counts] == [0, 8 + 8 + 2, 0]
    vectors = (8 + 3 * 16) + (5 + 8 * 9) + (2 + 500)
    assert counts[2].buffers - counts[0].buffers == vectors


@pytest.mark.parametrize("norm", NORMS)
def test_untrained_weights_start_consistently(norm: str) -> None:
    """The lengths are those of the directions; the vectors are those of the largest singular value."""
    program = critic(norm).program
    arrays = initial_weights(program, 3).arrays
    module = critic(norm).to_torch().eval()
    module.load_state_dict({e.key: torch.from_numpy(arrays(e.key)) for e in state_dict(program)})
    for layer in (module.first, module.up, module.last):
        stored = layer.parametrizations.weight
        if norm == "weight":
            torch.testing.assert_close(layer.weight, stored.original1)
        else:
            dim = 1 if layer is module.up else 0
            largest = torch.linalg.matrix_norm(layer.weight.movedim(dim, 0).flatten(1), 2)
            assert 0.99 < largest.item() < 1.1


@pytest.mark.parametrize("norm", NORMS)
def test_onnx_holds_the_normed_weight_and_nothing_of_what_makes_it(norm: str, tmp_path: Path) -> None:
    model = critic(norm)
    module = model.to_torch()
    for _ in range(3):  # so that lengths and directions, vectors and weights have moved
        optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
        module(torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    module.eval()
    weights = {key: tensor.detach().numpy() for key, tensor in module.state_dict().items()}
    exported = export_model(model.program, weights)
    assert not any(node.op_type in ("Div", "ReduceL2", "MatMul") for node in exported.graph.node)
    assert not any("original0" in tensor.name or "_u" in tensor.name for tensor in exported.graph.initializer)
    arrays = [numpy_helper.to_array(tensor) for tensor in exported.graph.initializer]
    assert any(
        array.shape == (2, 500) and np.allclose(array, module.last.weight.detach(), atol=1e-6) for array in arrays
    )
    image = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    session = ort.InferenceSession(exported.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": image.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), module(image).detach(), rtol=1e-4, atol=1e-5)


def test_another_norm_is_a_mistake_with_a_place() -> None:
    with pytest.raises(nnspec.SpecError) as raised:
        nnspec.loads('model M {\n  input x: float[N, 4]\n  output y = Linear(2, norm = "layer")\n}')
    (problem,) = raised.value.diagnostics
    assert problem.span is not None and problem.span.text == '"layer"'
    assert "weight" in str(raised.value) and "spectral" in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("norm_dim = 1", "there is no weight norm"),
        ('norm = "weight", norm_dim = 3', "there is no dimension 3 among the 3"),
    ],
)
def test_a_dimension_of_weight_norm_that_is_none_is_refused(arguments: str, words: str) -> None:
    with pytest.raises(nnspec.SpecError, match=words):
        nnspec.loads(f"model M {{ input x: float[N, 4, T]; Conv1d(4, 2, {arguments}) }}")
