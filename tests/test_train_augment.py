"""What augmentation does to pictures, to the masks that belong to them and to the loss."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

import nnspec
from nnspec.recipe.augmentation import (
    Augmentation,
    ColorJitter,
    CutMix,
    Mixup,
    RandomCrop,
    RandomFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomShift,
)
from nnspec.train.augment import Augment, Followed
from nnspec.train.batch import Batch
from nnspec.train.mixing import mixed_loss

SPEC = """
model Small {
  input image: float[N, 1, 12, 12]
  Conv2d(4, 3) -> ReLU -> Flatten
  output logits = Linear(3)
}
train {
  data    = glyphs(samples = 60, characters = "ABC", size = 16)
  augment = [random_crop(12)]
  epochs  = 2
  batch   = 16
}
"""


def augment(values: dict[str, Tensor], *changes: Augmentation, black: float = 0.0, seed: int = 0) -> Batch:
    fields = (Followed(("image",), torch.tensor([black])), Followed(("mask",), torch.zeros(1)))
    batch = Batch(values)
    Augment(changes, fields, torch.Generator().manual_seed(seed))(batch)
    return batch


def test_masks_follow_their_pictures_through_every_change_of_place() -> None:
    mask = torch.zeros(6, 9, 12, dtype=torch.int64)
    mask[:, 2:6, 3:9] = 2
    values = {"image": mask.float().unsqueeze(1) - 1, "mask": mask, "label": torch.arange(6)}
    augment(values, RandomFlip(), RandomFlip(vertical=True), RandomShift(pixels=3), black=-1.0)
    assert torch.equal(values["image"][:, 0], values["mask"].float() - 1)
    assert not torch.equal(values["mask"], mask)
    augment(values, RandomRotation(degrees=90.0), RandomResizedCrop(size=(18, 24)), black=-1.0, seed=1)
    assert values["image"].shape == (6, 1, 18, 24) and values["mask"].shape == (6, 18, 24)
    agree = ((values["image"][:, 0] > 0) == (values["mask"] > 1)).float().mean()
    assert agree > 0.93 and set(values["mask"].unique().tolist()) <= {0, 2}


def test_color_changes_pictures_only_and_keeps_black_black() -> None:
    image = torch.rand(4, 3, 5, 5)
    image[..., 0] = 0
    values = {"image": image, "mask": torch.ones(4, 5, 5, dtype=torch.int64)}
    augment(values, ColorJitter(brightness=0.5))
    ratio = values["image"][..., 1:] / image[..., 1:]
    assert bool((values["image"][..., 0] == 0).all()) and bool((values["mask"] == 1).all())
    assert ratio.flatten(1).std(1).max() < 1e-5 and ratio.mean((1, 2, 3)).unique().numel() == 4


def test_a_crop_is_a_part_of_the_padded_picture_at_every_place() -> None:
    image = torch.arange(1.0, 13.0).view(1, 1, 3, 4).expand(300, -1, -1, -1)
    values = {"image": image.clone()}
    augment(values, RandomCrop(size=(2, 3), padding=1))
    padded = torch.nn.functional.pad(image[:1], (1, 1, 1, 1))
    parts = padded.unfold(2, 2, 1).unfold(3, 3, 1).reshape(-1, 6)  # 4 * 4 places
    found = (values["image"].reshape(-1, 1, 6) == parts).all(2)
    assert bool(found.any(1).all()) and bool(found.any(0).all()) and len(parts) == 16


def test_a_resized_crop_shows_a_part_of_the_area_and_the_form_that_are_asked_for() -> None:
    rows, columns = torch.meshgrid(torch.arange(40.0), torch.arange(40.0), indexing="ij")
    values = {"image": torch.stack([rows, columns]).expand(200, -1, -1, -1).clone()}
    augment(values, RandomResizedCrop(size=10, scale=(0.2, 0.5), ratio=(0.5, 2.0)))
    image = values["image"]
    height, width = ((image[:, k].amax((1, 2)) - image[:, k].amin((1, 2))) * 10 / 9 for k in range(2))
    area = height * width / 40**2
    assert area.min() > 0.18 and area.max() < 0.52 and area.std() > 0.05
    assert 0.4 < (width / height).min() < 0.7 and 1.4 < (width / height).max() < 2.3
    whole = {"image": values["image"].clone()}
    augment(whole, RandomResizedCrop(scale=(1.0, 1.0), ratio=(1.0, 1.0)))
    torch.testing.assert_close(whole["image"], values["image"])


@pytest.mark.parametrize("change", [Mixup(alpha=1.0), CutMix()])
def test_a_mixed_loss_is_that_of_both_samples_by_their_shares_of_the_picture(change: Augmentation) -> None:
    level = torch.arange(8.0)
    values = {"image": level.view(8, 1, 1, 1).expand(-1, 1, 8, 8).clone(), "label": level.clone()}
    values["mask"] = values["image"][:, 0].long()
    batch = augment(values, change, seed=3)
    assert not torch.equal(values["image"][:, 0].mean((1, 2)), level)  # and yet the mean picture tells the mean label
    mean = mixed_loss(lambda given: (given["label"] * torch.arange(8.0)).mean(), batch)
    torch.testing.assert_close(mean, (values["image"].mean((1, 2, 3)) * level).mean())
    pasted = torch.equal(values["mask"].float(), values["image"][:, 0])
    assert pasted == isinstance(change, CutMix)  # masks of boxes are pasted, those of sums are two
    both = mixed_loss(lambda given: (given["mask"].float().mean((1, 2)) * level).mean(), batch)
    torch.testing.assert_close(both, mean)


def test_a_mixed_cross_entropy_is_that_of_mixed_probabilities() -> None:
    values = {"image": torch.rand(5, 1, 4, 4), "label": torch.tensor([0, 1, 2, 0, 1])}
    batch = augment(values, Mixup(alpha=1.0))
    assert batch.others is not None
    logits, share = torch.randn(5, 3), batch.share
    one, other = (torch.nn.functional.one_hot(fields["label"], 3) for fields in (batch.values, batch.others))
    expected = torch.nn.functional.cross_entropy(logits, share * one + (1 - share) * other)
    found = mixed_loss(lambda given: torch.nn.functional.cross_entropy(logits, given["label"]), batch)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("change", ["random_crop(12)", "random_resized_crop(12)"])
def test_pictures_may_be_larger_than_the_input_where_they_are_cut(change: str, tmp_path: Path) -> None:
    result = nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, augment=f"[{change}, random_flip]")
    assert len(result.history) == 2
    with pytest.raises(nnspec.SpecError, match="is given pictures of 16x16, and 20x20 are cut out of them"):
        nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, augment="random_crop(20)")
    with pytest.raises(nnspec.SpecError, match=r"is \[N, 1, 12, 12\], and the data \[N, 1, 14, 14\]"):
        nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, augment="random_crop(14)")


def test_masks_are_cut_with_their_pictures_and_the_middle_is_what_is_validated(tmp_path: Path) -> None:
    spec = """
model Pixelwise {
  input image: float[N, 1, 16, 16]
  output logits = Conv2d(4, 3, padding = 1)
}
train {
  data    = shapes(samples = 40, size = 24)
  augment = [random_crop(16), cutmix]
  loss    = cross_entropy(logits, mask)
  metrics = [mean_iou(logits, mask)]
  epochs  = 2
  batch   = 8
}
"""
    assert len(nnspec.loads(spec).train(runs=tmp_path, quiet=True).history) == 2


@pytest.mark.parametrize(("batches", "change"), [(1, "mixup"), (2, "mixup"), (1, "cutmix(alpha = 0.5)")])
def test_a_classifier_learns_from_mixed_pictures(batches: int, change: str, tmp_path: Path) -> None:
    result = nnspec.loads(SPEC).train(
        runs=tmp_path,
        quiet=True,
        augment=f"[random_crop(12), {change}]",
        epochs=25,
        accumulate=batches,
        optimizer="Adam(lr = 5e-3)",
    )
    assert result.measure == "accuracy" and result.best is not None and result.best > 0.7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("random_crop", "random_crop: padding is needed where there is no size"),
        ("random_resized_crop(scale = [0.5, 0.1])", "the least and the greatest"),
        ("[mixup, cutmix]", "may mix once"),
        ("mixup(alpha = 0)", "must be greater than 0"),
    ],
)
def test_a_change_that_makes_no_sense_is_told(change: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(nnspec.SpecError, match=message):
        nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, augment=change)
