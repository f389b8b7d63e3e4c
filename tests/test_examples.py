"""Every example is trained at a small size and must be on the way to what examples/README.md says of it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import nnspec
from nnspec.train.epochs import Trained


def train(repository: Path, runs: Path, name: str, **recipe: object) -> Trained:
    return nnspec.load(repository / "examples" / f"{name}.nn").train(runs=runs, quiet=True, **recipe)


def last(run: Trained, name: str) -> float:
    value = run.history[-1][name]
    assert value is not None
    return float(value)


def test_every_example_is_in_the_table_and_tested(repository: Path) -> None:
    names = {path.stem for path in (repository / "examples").glob("*.nn")}
    table = (repository / "examples" / "README.md").read_text()
    assert all(f"`{name}.nn`" in table for name in names)
    assert all(f'"{name}"' in Path(__file__).read_text() for name in names)


def test_digits_are_told_apart_and_a_new_task_starts_from_their_network(repository: Path, tmp_path: Path) -> None:
    first = train(repository, tmp_path, "lenet5_digits", epochs=4)
    assert last(first, "accuracy") > 0.93
    given = {"weights": f'"{first.best_weights}"'}
    second = train(repository, tmp_path, "transfer_digits", epochs=4, **given)
    assert last(second, "accuracy") > 0.93


def test_flowers_are_told_apart(repository: Path, tmp_path: Path) -> None:
    assert last(train(repository, tmp_path, "iris"), "accuracy") >= 0.9


def test_a_variational_autoencoder_bounds_the_likelihood_of_digits(repository: Path, tmp_path: Path) -> None:
    # 784 pixels of one grey level each would cost log(2) apiece
    assert last(train(repository, tmp_path, "vae_digits", epochs=5), "validation_loss") < 0.65 * 784 * math.log(2)


def test_noise_is_taken_out_of_digits(repository: Path, tmp_path: Path) -> None:
    # leaving the noise as it is would cost 0.3 ** 2 = 0.09
    assert last(train(repository, tmp_path, "denoising_digits", epochs=2), "validation_loss") < 0.03


def test_shapes_are_segmented(repository: Path, tmp_path: Path) -> None:
    result = train(repository, tmp_path, "unet_shapes", epochs=6, batch=4, data="shapes(samples = 80, size = 32)")
    assert result.measure == "mean_iou" and last(result, "mean_iou") > 0.45  # all background: below 0.25


@pytest.mark.parametrize(("name", "bits"), [("characters_lstm", 3.4), ("characters_gpt", 4.0)])
def test_characters_are_foretold_better_than_by_their_frequencies(
    name: str, bits: float, repository: Path, tmp_path: Path
) -> None:
    # the characters alone have 4.6 bits
    text = tmp_path / "text.txt"
    from pydoc_data.topics import topics

    text.write_text("".join(x for x in "\n".join(topics[key] for key in sorted(topics)) if x.isascii())[:50_000])
    result = train(repository, tmp_path, name, data=f'text("{text}", length = 64)', epochs=3, batch=8)
    assert last(result, "bits") < bits
