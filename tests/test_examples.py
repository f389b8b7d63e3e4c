"""Every example is trained at a small size and must be on the way to what examples/README.md says of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import nnspec
from nnspec.run import Run

LETTERS = 'glyphs(samples = 1500, characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ")'
PLACES = 9  # words of the longest number


def train(repository: Path, runs: Path, name: str, model: str | None = None, **recipe: object) -> Run:
    return nnspec.load(repository / "examples" / f"{name}.nn", model).train(runs=runs, quiet=True, **recipe)


def last(run: Run, name: str) -> float:
    value = run.history[-1][name]
    assert value is not None
    return float(value)


def test_every_example_is_in_the_table_and_tested(repository: Path) -> None:
    names = {path.stem for path in (repository / "examples").glob("*.nn")}
    table = (repository / "examples" / "README.md").read_text()
    assert all(f"`{name}.nn`" in table for name in names)
    assert all(f'"{name}"' in Path(__file__).read_text() for name in names)


def test_digits_are_told_apart_and_new_tasks_start_from_their_network(repository: Path, tmp_path: Path) -> None:
    first = train(repository, tmp_path, "lenet5_digits", epochs=4)
    assert last(first, "accuracy") > 0.93
    given = {"weights": f'"{first.best_weights}"'}
    second = train(repository, tmp_path, "transfer_digits", epochs=4, **given)
    assert last(second, "accuracy") > 0.93
    letters = train(repository, tmp_path, "letters_by_digits", epochs=15, data=LETTERS, **given)
    assert last(letters, "accuracy") > 0.7  # of 26 classes


@pytest.mark.slow
def test_a_residual_network_and_a_transformer_tell_digits_apart(repository: Path, tmp_path: Path) -> None:
    assert last(train(repository, tmp_path, "resnet_digits", epochs=4), "accuracy") > 0.9
    assert last(train(repository, tmp_path, "vit_digits", epochs=6), "accuracy") > 0.8


def test_each_of_three_networks_sees_more_in_the_same_digits(repository: Path, tmp_path: Path) -> None:
    found = []
    for model, epochs in (("SoftmaxDigits", 6), ("PerceptronDigits", 6), ("ConvolutionalDigits", 2)):
        found.append(last(train(repository, tmp_path, "three_networks", model, epochs=epochs), "accuracy"))
    assert 0.9 < found[0] <= found[1] and found[2] > 0.9


def test_experts_that_are_kept_busy_tell_digits_apart(repository: Path, tmp_path: Path) -> None:
    run = train(repository, tmp_path, "mixture_digits", epochs=5)
    assert last(run, "accuracy") > 0.93
    assert last(run, "balance") < 0.4  # 0.25 where all have as many tokens, 1 where two have all


def test_numbers_that_were_never_seen_are_translated_digit_by_digit(repository: Path, tmp_path: Path) -> None:
    lines = (repository / "examples" / "numbers.tsv").read_text().splitlines()
    (tmp_path / "seen.tsv").write_text("\n".join(lines[:-200]))
    data = f'parallel("{tmp_path / "seen.tsv"}")'
    run = train(repository, tmp_path, "translate_numbers", data=data, epochs=4)
    module = nnspec.load(repository / "examples" / "translate_numbers.nn").to_torch(run.best_weights).eval()
    with safe_open(run.best_weights, "pt") as file:
        known = json.loads(file.metadata()["nnspec.vocabularies"])
    words, digits = zip(*(line.split("\t") for line in lines[-200:]), strict=True)
    assert sum(map(str.__eq__, translated(module, known, words), digits)) > 120


def translated(module: torch.nn.Module, known: dict[str, list[str]], lines: Iterable[str]) -> list[str]:
    """Digit by digit, each the most likely one behind those before it, to the end."""
    tokens = [[known["source"].index(word) for word in line.split()] for line in lines]
    source = torch.tensor([row + [0] * (PLACES - len(row)) for row in tokens])  # padded, as the encoder has learnt it
    given = torch.full((len(tokens), 1), known["target"].index("<start>"))
    for _ in range(7):
        logits, _ = module(source, given)
        given = torch.cat([given, logits[:, -1].argmax(1, keepdim=True)], 1)
    texts = (" ".join(known["target"][token] for token in row) for row in given[:, 1:])
    return [text.partition(" <end>")[0] for text in texts]


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
    assert result.measure == "mean_iou" and last(result, "mean_iou") > 0.4  # all background: below 0.25


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


def test_two_networks_learn_from_each_other_which_pixels_are_bright_together(repository: Path, tmp_path: Path) -> None:
    # of grey pictures the distance is 1.25, of other digits 0.13 to 0.25
    assert last(train(repository, tmp_path, "dcgan_digits", epochs=8), "distance") < 0.7


def test_noise_is_told_from_digits_at_every_step(repository: Path, tmp_path: Path) -> None:
    # who knows nothing of the noise is wrong by its variance, 1
    assert last(train(repository, tmp_path, "diffusion_digits", epochs=4), "validation_loss") < 0.5


def test_negatives_are_learnt_without_pairs(repository: Path, tmp_path: Path) -> None:
    # pictures as they are would be wrong by 0.8
    assert last(train(repository, tmp_path, "cyclegan_digits", epochs=2), "error") < 0.1
