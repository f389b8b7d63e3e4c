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
    [("mse", F.mse_loss), ("mae", F.l1_loss), ("huber", F.huber_loss), ("smooth_l1", F.smooth_l1_loss)],
)
def test_distances_are_means_over_all_elements(function: str, reference: object, pair: tuple[Tensor, Tensor]) -> None:
    assert callable(reference)
    torch.testing.assert_close(computed(f"{function}(a, b)", *pair), reference(*pair))


def test_classes_are_weighed_as_by_torch(pair: tuple[Tensor, Tensor]) -> None:
    logits, label, weights = pair[0], torch.tensor([0, 1, 2, 3, 4, 1, 1]), [1.0, 2.0, 0.5, 3.0, 1.5]
    found = computed(
        f"cross_entropy(a, b, class_weights = {weights}, label_smoothing = 0.1)", logits, label, target="int[N]"
    )
    torch.testing.assert_close(found, F.cross_entropy(logits, label, torch.tensor(weights), label_smoothing=0.1))


def test_overlap_of_masks_is_counted_by_sample_and_by_class() -> None:
    found, wanted = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 0]]), torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 0]])
    assert computed("dice(a, b)", found, wanted, shape="float[N, 4]").item() == pytest.approx((2 / 3 + 1) / 2)
    loss = computed("dice_loss(a, b)", found, wanted, shape="float[N, 4]").item()
    assert loss == pytest.approx((1 - 3 / 4) / 2)
    scores = torch.eye(5)[torch.tensor([0, 0, 1, 1])]  # class 0: 1 of 2, class 1: 2 of 3, the others are absent
    iou = computed("mean_iou(a, b)", scores, torch.tensor([0, 1, 1, 1]), target="int[N]").item()
    assert iou == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_hinge_asks_for_a_margin_of_one() -> None:
    scores, side = torch.tensor([[2.0, 0.5, -1, 0, 0]]), torch.tensor([[1.0, 1, 1, -1, 1]])
    assert computed("hinge(a, b)", scores, side).item() == pytest.approx((0 + 0.5 + 2 + 1 + 1) / 5)


def test_what_is_right_already_counts_little_in_the_focal_loss(pair: tuple[Tensor, Tensor]) -> None:
    target = (pair[1] > 0).float()
    p = torch.where(target > 0, pair[0].sigmoid(), 1 - pair[0].sigmoid())
    expected = torch.where(target > 0, 0.25, 0.75) * (1 - p) ** 2 * -p.log()
    torch.testing.assert_close(computed("focal(a, b)", pair[0], target), expected.mean())


def test_labels_without_places_are_those_of_torchs_ctc() -> None:
    scores = torch.randn(2, 9, 5, generator=torch.Generator().manual_seed(0)).log_softmax(2)
    labels = torch.tensor([[1, 2, 3], [4, 4, 0]])  # the second has two
    found = computed("ctc(a, b)", scores, labels, shape="float[N, T, 5]", target="int[N, 3]")
    lengths = torch.tensor([9, 9]), torch.tensor([3, 2])
    torch.testing.assert_close(found, F.ctc_loss(scores.transpose(0, 1), labels, *lengths))


def test_a_pair_must_be_closer_than_the_others_of_its_batch(pair: tuple[Tensor, Tensor]) -> None:
    apart = computed("info_nce(a, b)", *pair)
    together = computed("info_nce(a, b)", pair[0], pair[0] + 0.1 * pair[1])
    assert together < apart
    assert computed("1 - mean(cosine_similarity(a, b))", pair[0], 3 * pair[0]).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("cross_entropy(a, b)", "needs a target of shape [N, 5], and gets [N, 4]"),
        ("mse(a, b)", "needs a target of shape [N, 5], and gets [N, 4]"),
        ("cross_entropy(a, argmax(b, dim = 1), label_smoothing = 2)", "label_smoothing must be at most 1"),
        ("cross_entropy(a, argmax(b, dim = 1), class_weights = [1, 2])", "needs one for each of 5 classes, has 2"),
        ("info_nce(a, b)", "needs a target of shape [N, 5], and gets [N, 4]"),
        ("ctc(a, argmax(b, dim = 1))", "needs log-probabilities [N, T, classes], and gets [N, 5]"),
        ('cross_entropy(a, argmax(b, dim = 1), reduction = "batchmean")', 'cannot be "batchmean" for classes'),
    ],
)
def test_a_target_that_does_not_fit_is_refused(expression: str, message: str) -> None:
    spec = f"model Loss {{\n  input a: float[N, 5]\n  input b: float[N, 4]\n  output value = {expression}\n}}"
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.loads(spec)
    assert message in caught.value.diagnostics[0].message
