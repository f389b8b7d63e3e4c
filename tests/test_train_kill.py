"""No work is lost: a run that is killed, by anything and at any moment, goes on to the same weights to the last bit."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.test_loader import write_pictures, write_shards

CLASSIFIER = """
model Tiny {
  input image: float[N, 1, 8, 8]
  Flatten -> hidden: Linear(32) -> BatchNorm1d -> ReLU -> Dropout(0.1)
  output logits = fc: Linear(10)
}
train {
  augment   = [random_shift(1)]
  loss      = cross_entropy(logits, label)
  metrics   = [accuracy(logits, label)]
  optimizer = AdamW(lr = 1e-2)
  schedule  = cosine(warmup = 10)
  ema       = 0.9
  epochs    = 5
}
"""


GAN = """
model Generator {
  input z: float[N, 16]
  Linear(32) -> ReLU -> Linear(64) -> Sigmoid
  output picture = Reshape([N, 1, 8, 8])
}
model Discriminator {
  input picture: float[N, 1, 8, 8]
  output score = Flatten -> Linear(32) -> LeakyReLU(0.2) -> Dropout(0.1) -> Linear(1)
}
train GAN {
  data      = digits
  optimizer = Adam(lr = 2e-3, betas = [0.5, 0.999])
  z         = normal([batch, 16])
  fake      = z -> generator: Generator
  phase critic {
    loss   = binary_cross_entropy_with_logits(image -> discriminator: Discriminator, 1) + binary_cross_entropy_with_logits(detach(fake) -> discriminator, 0)
    update = discriminator
    steps  = 2
  }
  phase artist {
    loss   = binary_cross_entropy_with_logits(fake -> discriminator, 1)
    update = generator
  }
  sample = fake
  epochs = 4
}
"""


def rows(folder: Path) -> list[dict[str, str]]:
    """What every epoch gave, but for the time it took."""
    with (folder / "metrics.csv").open() as file:
        found = list(csv.DictReader(file))
    return [{key: row[key] for key in row if key not in ("seconds", "samples_per_second")} for row in found]


WORKERS = """
model Small {
  input image: float[N, 3, 8, 8]
  Flatten -> Linear(16) -> ReLU -> Dropout(0.1)
  output logits = Linear(2)
}
train {
  data      = DATA
  augment   = [random_flip, random_shift(1)]
  loss      = cross_entropy(logits, label)
  metrics   = [accuracy(logits, label)]
  optimizer = AdamW(lr = 1e-2)
  epochs    = 3
  batch     = 4
}
"""


@pytest.mark.parametrize(
    ("data", "kills"),
    [
        pytest.param('images("pictures")', 14, id="folder", marks=pytest.mark.slow),
        pytest.param('shards("*.tar", buffer = 16)', 13, id="shards", marks=pytest.mark.slow),
        pytest.param('shards("*.tar", buffer = 1000)', 13, id="one stream", marks=pytest.mark.slow),
    ],
)
def test_runs_with_two_workers_that_are_killed_within_epochs_give_the_same_weights(
    data: str, kills: int, tmp_path: Path
) -> None:
    write_shards(tmp_path, [30, 40, 50] if "16" in data else [120])
    write_pictures(tmp_path, 120)
    killed(WORKERS.replace("DATA", data), kills, tmp_path, "--memory", "0", "--workers", "2")


@pytest.mark.parametrize(
    ("spec", "kills"),
    [
        pytest.param(CLASSIFIER, 4, id="classifier, once in each way"),
        pytest.param(CLASSIFIER, 40, id="classifier", marks=pytest.mark.slow),  # at twenty moments, among others
        pytest.param(GAN, 12, id="gan", marks=pytest.mark.slow),
    ],
)
def test_runs_that_are_killed_again_and_again_give_the_same_weights_to_the_last_bit(
    spec: str, kills: int, tmp_path: Path
) -> None:
    killed(spec, kills, tmp_path)


def killed(spec: str, kills: int, tmp_path: Path, *more: str) -> None:
    """Train, again and again, and compare what comes out."""
    (tmp_path / "spec.nn").write_text(spec)
    script, runs = str(Path(__file__).with_name("killed_training.py")), tmp_path / "runs"
    arguments = [sys.executable, script, str(tmp_path / "spec.nn"), str(runs), str(kills), *more]
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    whole = runs / "whole"
    for run in runs.iterdir():
        assert {path.name for path in run.iterdir()} == {path.name for path in whole.iterdir()}
        for path in whole.glob("[!s]*.safetensors"):
            expected, found = load_file(path), load_file(run / path.name)
            assert expected.keys() == found.keys()
            assert all(torch.equal(expected[key], found[key]) for key in expected), (run.name, path.name)
        assert rows(run) == rows(whole)
        for path in whole.glob("*.png"):
            assert path.read_bytes() == (run / path.name).read_bytes(), (run.name, path.name)
