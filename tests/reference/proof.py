"""What the tests of the goldens compare, and how closely."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from reference import recipe
from reference.records import SPECS, goldens

import nnspec
from nnspec.model import Model

EXACT = 1e-6  # of PyTorch in float64, relative to the standard deviation of the golden
SINGLE = 1e-4  # of ONNX in float32, likewise
Entry = tuple[str, str | None, dict[str, Any]]  # a file of the zoo, a model in it, its settings


def load(entry: Entry) -> Model:
    """The model of a golden."""
    file, model, settings = entry
    return nnspec.load(SPECS / file, model, settings=settings)


def filled(name: str, entry: Entry) -> torch.nn.Module:
    """Its module in float64 with the weights of the recipe, in evaluation."""
    module: torch.nn.Module = recipe.fill_(load(entry).to_torch().double(), **goldens()[name]["weights"])
    return module.eval()


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


def assert_reproduced(module: torch.nn.Module, inputs: list[torch.Tensor], golden: dict[str, Any]) -> None:
    """Outputs, the loss over them, and the norm of its gradient."""
    assert sum(parameter.numel() for parameter in module.parameters()) == golden["params"]
    results = several(module(*inputs))
    for ours, wanted in zip(results, golden["outputs"].values(), strict=True):
        assert_close(ours, wanted, EXACT)
    loss = torch.stack([(ours**2).mean() for ours in results]).sum()
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(loss, trained, allow_unused=True)
    norm = torch.stack([gradient.norm() for gradient in gradients if gradient is not None]).norm()
    assert (loss.item(), norm.item()) == pytest.approx((golden["loss"], golden["grad_norm"]), rel=EXACT)
