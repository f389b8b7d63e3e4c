"""Losses and metrics: the same numbers as torch, in the language and out of the range that it accepts."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import nnspec


def computed(expression: str, *tensors: Tensor, shape: str = "float[N, 5]", target: str = "") -> Tensor:
    """The value of an expression over `a` and `b`."""
    spec = f"model Loss {{\n  input a: {shape}\n  input b: {target or shape}\n  output value = {expression}\n}}"
    result: Tensor = nnspec.loads(spec).to_torch()(*tensors)
    return result


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(7, 5, generator=generator), torch.randn(7, 5, generator=generator)


def test_cross_entropy_is_torchs_with_smoothing_and_ignored_classes(pair: tuple[Tensor, Tensor]) -> None:
    logits, label = pair[0], torch.tensor([0, 1, 2, 3, 4, 1, 1])
    found = computed("cross_entropy(a, b, ignore_index = 1, label_smoothing = 0.1)", logits, label, target="int[N]")
    torch.testing.assert_close(found, F.cross_entropy(logits, label, ignore_index=1, label_smoothing=0.1))


def test_the_bound_of_a_variational_autoencoder_is_a_sum_per_sample(pair: tuple[Tensor, Tensor]) -> None:
    found = computed(
        'binary_cross_entropy(sigmoid(a), sigmoid(b), reduction = "batchmean") + kl_divergence(a, b)', *pair
    )
    reconstruction = F.binary_cross_entropy(pair[0].sigmoid(), pair[1].sigmoid(), reduction="sum")
    divergence = -0.5 * (1 + pair[1] - pair[0] ** 2 - pair[1].exp()).sum()
    torch.testing.assert_close(found, (reconstruction + divergence) / 7)


def test_accuracy_counts_the_greatest_value_of_each_sample() -> None:
    scores = torch.eye(5)[torch.tensor([0, 1, 2, 3])]
    found = computed("accuracy(a, b)", scores, torch.tensor([0, 1, 4, 3]), target="int[N]")
    assert found.item() == 0.75


@pytest.mark.parametrize(
    ("function", "reference"),
    [("mse", F.mse_loss), ("mae", F.l1_loss), ("huber", F.huber_loss)],
)
def test_distances_are_means_over_all_elements(function: str, reference: object, pair: tuple[Tensor, Tensor]) -> None:
    assert callable(reference)
    torch.testing.assert_close(computed(f"{function}(a, b)", *pair), reference(*pair))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("cross_entropy(a, b)", "needs a target of shape [N, 5], and gets [N, 4]"),
        ("mse(a, b)", "needs a target of shape [N, 5], and gets [N, 4]"),
        ("cross_entropy(a, argmax(b, dim = 1), label_smoothing = 2)", "label_smoothing must be at most 1"),
        ('cross_entropy(a, argmax(b, dim = 1), reduction = "batchmean")', 'cannot be "batchmean" for classes'),
    ],
)
def test_a_target_that_does_not_fit_is_refused(expression: str, message: str) -> None:
    spec = f"model Loss {{\n  input a: float[N, 5]\n  input b: float[N, 4]\n  output value = {expression}\n}}"
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.loads(spec)
    assert message in caught.value.diagnostics[0].message
