"""What the dropouts drop in training: how much, in which pieces, and how the rest is scaled.

The contract test runs layers in evaluation only, where all of these are the identity.
"""

from __future__ import annotations

import pytest
import torch

import nnspec


def in_training(layer: str, value: torch.Tensor) -> torch.Tensor:
    """The value after the layer, in training, always with the same random numbers."""
    shape = ", ".join(map(str, value.shape))
    module = nnspec.loads(f"model Dropping {{\n  input x: float[{shape}]\n  {layer}\n}}").to_torch()
    torch.manual_seed(0)
    dropped: torch.Tensor = module.train()(value)
    assert torch.equal(module.eval()(value), value)
    return dropped


@pytest.mark.parametrize(
    ("layer", "piece"),
    [
        ("Dropout(0.25)", ()),
        ("dropout(x, 0.25)", ()),
        ("Dropout1d(0.25)", (3,)),
        ("Dropout2d(0.25)", (3, 2)),
        ("Dropout3d(0.25)", (3, 2, 2)),
    ],
)
def test_a_quarter_of_the_pieces_is_dropped_and_the_rest_grows_by_a_third(layer: str, piece: tuple[int, ...]) -> None:
    dropped = in_training(layer, torch.ones(200, 20, *piece)).reshape(4000, -1)
    kept = dropped[:, 0] != 0
    assert torch.equal(dropped, kept[:, None] * torch.full_like(dropped, 4 / 3))  # a piece goes or stays as a whole
    assert abs(kept.float().mean().item() - 0.75) < 0.03


@pytest.mark.parametrize("layer", ["AlphaDropout(0.25)", "FeatureAlphaDropout(0.25)"])
def test_alpha_dropout_keeps_mean_and_variance(layer: str) -> None:
    torch.manual_seed(1)
    dropped = in_training(layer, torch.randn(400, 50))
    assert abs(dropped.mean().item()) < 0.05
    assert abs(dropped.var().item() - 1) < 0.05


def test_stochastic_depth_drops_whole_samples_and_divides_by_the_survival_rate() -> None:
    dropped = in_training("StochasticDepth(0.2)", torch.ones(2000, 3, 2))
    kept = dropped[:, 0, 0] != 0
    assert torch.equal(dropped, kept[:, None, None] * torch.full_like(dropped, 1.25))
    assert abs(kept.float().mean().item() - 0.8) < 0.03


def test_stochastic_depth_in_batch_mode_treats_all_samples_alike() -> None:
    dropped = in_training('StochasticDepth(0.2, mode = "batch")', torch.ones(50, 3))
    assert dropped.unique().tolist() in ([0.0], [1.25])


@pytest.mark.parametrize("layer", ["Dropout(1.0)", "StochasticDepth(1.0)"])
def test_probability_one_drops_everything(layer: str) -> None:
    assert in_training(layer, torch.ones(4, 3)).eq(0).all()


@pytest.mark.parametrize("layer", ["Dropout(0.0)", "StochasticDepth(0.0)"])
def test_probability_zero_drops_nothing(layer: str) -> None:
    assert in_training(layer, torch.ones(4, 3)).eq(1).all()
