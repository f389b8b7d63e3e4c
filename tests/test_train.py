"""Training end to end: the run folder, its weights, going on after an interruption, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors import safe_open
from safetensors.torch import load_file

import nnspec
from nnspec.cli.main import main
from nnspec.train.display import Silent
from nnspec.train.loop import Loop

CLASSIFIER = """
model Tiny(classes = 10) {
  input image: float[N, 1, 8, 8]
  Flatten -> hidden: Linear(32) -> ReLU -> Dropout(0.1)
  output logits = fc: Linear(classes)
}
train {
  data      = digits
  augment   = [random_shift(1), random_flip(0.1)]
  loss      = cross_entropy(logits, label)
  metrics   = [accuracy(logits, label)]
  optimizer = AdamW(lr = 1e-2)
  schedule  = cosine(warmup = 10)
  epochs    = 4
}
"""
AUTOENCODER = """
model VAE {
  input image: float[N, 1, 8, 8]
  hidden = _ -> Flatten -> down: Linear(32) -> ReLU
  mu     = hidden -> fc_mu: Linear(4)
  logvar = hidden -> fc_logvar: Linear(4)
  mu + exp(0.5 * logvar) * normal(mu) -> up: Linear(64) -> Sigmoid
  output recon = Reshape([N, 1, 8, 8])
  output mu
  output logvar
}
train {
  reconstruction = binary_cross_entropy(recon, image, reduction = "batchmean")
  divergence     = kl_divergence(mu, logvar)
  loss           = reconstruction + divergence
  optimizer      = Adam(lr = 1e-2)
  epochs         = 3
}
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["train", *arguments])


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "tiny.nn"
    path.write_text(CLASSIFIER)
    return str(path)


def weights(folder: Path, name: str = "last") -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = load_file(folder / f"{name}.safetensors")
    return tensors


def same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def test_a_run_learns_and_leaves_a_folder_with_all_that_it_takes_to_use_it(spec: str, tmp_path: Path) -> None:
    result = run(spec, "--runs", str(tmp_path / "runs"))
    folder = tmp_path / "runs" / "tiny-1"
    assert result.exit_code == 0, result.output
    assert "1,438 samples to train on, 359 held out" in result.output
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert float(rows[-1]["accuracy"]) > 0.8
    assert (folder / "spec.nn").read_text() == CLASSIFIER
    assert nnspec.from_json((folder / "program.json").read_text()).name == "Tiny"
    assert list(weights(folder)) == ["fc.bias", "fc.weight", "hidden.bias", "hidden.weight"]
    with safe_open(folder / "best.safetensors", "pt") as file:
        metadata = {key: json.loads(value) for key, value in file.metadata().items()}
    assert metadata["nnspec.classes"] == list("0123456789")
    assert metadata["nnspec.model"] == "Tiny"
    assert 0.2 < metadata["nnspec.mean"][0] < 0.4 and 0.2 < metadata["nnspec.std"][0] < 0.5


def test_the_same_seed_gives_the_same_weights_and_another_seed_gives_others(tmp_path: Path) -> None:
    model = nnspec.loads(CLASSIFIER)
    state = torch.get_rng_state()
    first, second = (model.train(runs=tmp_path, quiet=True, epochs=1) for _ in range(2))
    other = model.train(runs=tmp_path, quiet=True, epochs=1, seed=1)
    assert same(weights(first.folder), weights(second.folder))
    assert not same(weights(first.folder), weights(other.folder))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_to_the_same_weights_to_the_last_bit(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nnspec.loads(CLASSIFIER)
    whole = model.train(runs=tmp_path, name="whole", quiet=True)
    step = Loop._step

    def interrupted(loop: Loop, order: torch.Tensor) -> None:
        step(loop, order)
        if (loop.position.epoch, loop.position.step) == (1, 7):
            os.kill(os.getpid(), number)

    monkeypatch.setattr(Loop, "_step", interrupted)
    part = model.train(runs=tmp_path, name="part", quiet=True)
    monkeypatch.undo()
    assert part.interrupted == number and len(part.history) == 1
    result = run("--resume", str(part.folder))
    assert result.exit_code == 0 and "resumed after 1 epochs and 7 steps" in result.output
    for name in ("last", "best"):
        assert same(weights(whole.folder, name), weights(part.folder, name))


def test_a_run_that_dies_between_two_files_goes_on_from_its_last_whole_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nnspec.loads(CLASSIFIER)
    whole = model.train(runs=tmp_path, name="whole", quiet=True)

    class Killed(BaseException):
        pass

    def dies(display: Silent, row: dict[str, Any], epochs: int) -> None:
        if row["epoch"] == 2:
            (tmp_path / "part" / "state-3-0.safetensors").write_bytes(b"half a file")
            raise Killed

    monkeypatch.setattr(Silent, "epoch", dies)
    with pytest.raises(Killed):
        model.train(runs=tmp_path, name="part", quiet=True)
    monkeypatch.undo()
    again = nnspec.resume(tmp_path / "part", quiet=True)
    assert len(again.history) == 4
    assert same(weights(whole.folder), weights(again.folder))


def test_a_run_that_dies_before_its_first_epoch_is_done_can_be_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(loop: Loop, order: torch.Tensor) -> None:
        raise Killed

    model = nnspec.loads(CLASSIFIER)
    whole = model.train(runs=tmp_path, name="whole", quiet=True, epochs=1)
    monkeypatch.setattr(Loop, "_step", dies)
    with pytest.raises(Killed):
        model.train(runs=tmp_path, name="part", quiet=True, epochs=1)
    monkeypatch.undo()
    assert same(weights(whole.folder), weights(nnspec.resume(tmp_path / "part", quiet=True).folder))


def test_check_and_explain_know_recipes(tmp_path: Path) -> None:
    (tmp_path / "wrong.nn").write_text(CLASSIFIER.replace("AdamW(lr", "AdamW(rl"))
    result = CliRunner().invoke(main, ["check", str(tmp_path / "wrong.nn")])
    assert result.exit_code == 1 and "AdamW has no parameter rl" in result.output
    result = CliRunner().invoke(main, ["explain", "AdamW"])
    assert result.output.startswith(
        "AdamW(lr = 0.001, betas = [0.9, 0.999], eps = 1e-08, weight_decay = 0.01, amsgrad = false)"
    )


def test_a_variational_autoencoder_is_trained_on_pictures_that_are_not_normalised(tmp_path: Path) -> None:
    result = nnspec.loads(AUTOENCODER).train(runs=tmp_path, quiet=True)
    losses = [row["validation_loss"] for row in result.history]
    assert losses[0] is not None and losses[-1] is not None and losses[-1] < losses[0]
    assert result.measure == "validation_loss" and result.best == min(x for x in losses if x is not None)
    with safe_open(result.best_weights, "pt") as file:
        assert "nnspec.mean" not in file.metadata()


def test_without_a_recipe_a_classifier_is_trained_as_one(tmp_path: Path) -> None:
    result = nnspec.loads(CLASSIFIER.split("train {")[0]).train(runs=tmp_path, quiet=True, epochs=2)
    assert result.measure == "accuracy" and result.best is not None and result.best > 0.5


def test_frozen_parts_keep_their_weights_and_weights_can_be_given(tmp_path: Path) -> None:
    model = nnspec.loads(CLASSIFIER)
    first = model.train(runs=tmp_path, quiet=True, epochs=1)
    text = json.dumps(str(first.last_weights))
    second = model.train(runs=tmp_path, quiet=True, epochs=1, weights=text, freeze="[hidden]", clip=1.0)
    before, after = weights(first.folder), weights(second.folder)
    assert torch.equal(before["hidden.weight"], after["hidden.weight"])
    assert not torch.equal(before["fc.weight"], after["fc.weight"])


def test_arrays_are_data(tmp_path: Path) -> None:
    spec = "model Line {\n  input x: float[N, 3]\n  output y_hat = fc: Linear(1)\n}\n"
    spec += "train {\n  loss = mse(y_hat, y)\n  optimizer = SGD(lr = 0.1)\n  epochs = 60\n}"
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    np.savez(tmp_path / "line.npz", x=x, y=x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 3)
    result = nnspec.loads(spec).train(
        runs=tmp_path, quiet=True, data=str(tmp_path / "line.npz"), normalize=False, batch=32
    )
    torch.testing.assert_close(weights(result.folder)["fc.weight"], torch.tensor([[1.0, -2.0, 0.5]]), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "epoch=3"], "E0219", "did you mean epochs?"),
        (["--set", "epochs=0"], "E0206", "epochs must be greater than 0"),
        (["--set", "classes=5"], "E0613", "tells 5 classes apart, and `label` of the data has 10"),
        (["--set", "optimizer=adamw"], "E0602", "did you mean `AdamW`?"),
        (["--set", "loss=mean(log(0 * logits - 1))"], "E0614", "not a number at step 1"),
        (["--set", "loss=logits"], "E0603", "a float tensor [N, 10]"),
        (["--set", "loss=cross_entropy(logits, lable)"], "E0201", "label"),
        (["--set", "freeze=[fd]"], "E0616", "name some of hidden, fc"),
        (["--data", "nowhere"], "E0611", "there is no such folder"),
        (["--data", "nowhere.npz"], "E0611", "there is no such file"),
        (["--device", "abacus"], "E0617", "cannot train on abacus"),
        (["--name", "../up"], "E0615", "no name for a folder"),
    ],
)
def test_a_mistake_is_told_and_ends_with_1(
    arguments: list[str], code: str, words: str, spec: str, tmp_path: Path
) -> None:
    result = run(spec, "--runs", str(tmp_path / "runs"), "--quiet", *arguments)
    assert result.exit_code == 1
    assert f"error[{code}]" in result.output and words in result.output


@pytest.mark.parametrize(
    ("written", "instead", "code", "words"),
    [
        ("epochs    = 4", "epoch = 4", "E0601", "did you mean `epochs`?"),
        ("cosine(", "cosin(", "E0602", "did you mean `cosine`?"),
        ("warmup = 10", "warmpu = 10", "E0207", "did you mean `warmup`?"),
        ("train {", "train tiny {", "E0605", "did you mean Tiny?"),
        ("epochs    = 4", "epochs = { Flatten }", "E0211", "a value for epochs"),
        ("input image: float[N, 1, 8, 8]", "input image: float[64, 1, 8, 8]", "E0612", "fixes the number of samples"),
        ("input image: float[N, 1, 8, 8]", "input image: float[N, 5, 8, 8]\n  Rearrange(\"n c h w -> n (c h w)\")",
         "E0612", "has 5 channels, and the data 1"),
        ("input image: float[N, 1, 8, 8]", "input image: int[N, 1, 8, 8]\n  cast(_, \"float\")", "E0612",
         "has int elements, and the data float"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_recipe_is_located(written: str, instead: str, code: str, words: str, tmp_path: Path) -> None:
    assert written in CLASSIFIER
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.loads(CLASSIFIER.replace(written, instead)).train(runs=tmp_path, quiet=True)
    assert [found.code for found in caught.value.diagnostics] == [code]
    assert words in str(caught.value) and not list(tmp_path.iterdir())


def test_files_that_are_no_data_are_named_and_never_run(spec: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "objects.npz", image=np.array([{}, {}], dtype=object))
    for path, words in (("objects.npz", "image holds Python objects"), ("tiny.npz", "cannot be read")):
        if path == "tiny.npz":
            (tmp_path / path).write_bytes(b"PK\3\4 no archive")
        result = run(spec, "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / path))
        assert result.exit_code == 1 and "error[E0611]" in result.output and words in result.output


def test_pictures_in_folders_are_resized_and_bad_ones_are_named(spec: str, tmp_path: Path) -> None:
    from PIL import Image

    for name, level in (("dark", 20), ("light", 220)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for index in range(12):
            Image.new("RGB", (20, 14), (level + index,) * 3).save(tmp_path / "pictures" / name / f"{index}.png")
    arguments = [spec, "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "pictures"), "--set", "classes=2"]
    result = run(*arguments, "--set", "epochs=15")
    assert result.exit_code == 0, result.output
    assert "best accuracy 1.0000" in result.output
    (tmp_path / "pictures" / "dark" / "broken.png").write_text("no picture")
    result = run(*arguments)
    assert result.exit_code == 1 and "1 sample cannot be read: dark/broken.png" in result.output


def test_a_spec_or_a_run_must_be_named() -> None:
    result = run()
    assert result.exit_code == 2 and "name a spec to train" in result.output
