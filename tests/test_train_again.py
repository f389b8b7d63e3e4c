"""The same command again goes on with a run: by its name, or by the launch of torchrun that its processes belong to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

import nnspec
from nnspec.cli.main import main

SPEC = """
model Flowers(width = 8) {
  input features: float[N, 4]
  output logits = body: Linear(width) -> Tanh -> head: Linear(3)
}
train {
  data   = iris
  batch  = 30
  epochs = 2
}
"""


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flowers.nn").write_text(SPEC)


def train(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["train", "flowers.nn", *arguments], catch_exceptions=False)
    return result.exit_code, result.output


def epochs(folder: str) -> int:
    return len((Path("runs") / folder / "metrics.csv").read_text().splitlines()) - 1


def test_a_name_starts_a_run_or_goes_on_with_it() -> None:
    assert train("--name", "one", "--set", "epochs=1")[0] == 0
    code, told = train("--name", "one", "--set", "epochs=3")
    assert code == 0 and "resumed after 1 epochs" in told and epochs("one") == 3
    code, told = train("--name", "one", "--set", "epochs=3")
    assert code == 0 and "best accuracy" in told and epochs("one") == 3  # it is done
    whole = nnspec.load("flowers.nn").train(name="whole", quiet=True, epochs=3)
    ours, theirs = load_file("runs/one/last.safetensors"), load_file(whole.last_weights)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_the_command_says_all_of_the_recipe_and_another_run_is_refused() -> None:
    train("--name", "one", "--set", "optimizer=SGD(lr = 0.5)")
    code, told = train("--name", "one", "--set", "epochs=3")  # without the optimizer
    assert code == 1 and "began with the optimizer SGD, and cannot go on with Adam" in told
    code, told = train("--name", "one", "--set", "optimizer=SGD(lr = 0.5)", "--set", "width=9")
    assert code == 1 and "there is a run of a model with other settings in it" in told and "--fresh" in told
    Path("flowers.nn").write_text(SPEC.replace("Tanh", "ReLU"))
    code, told = train("--name", "one", "--set", "optimizer=SGD(lr = 0.5)")
    assert code == 1 and "there is a run of another text in it" in told
    assert epochs("one") == 2


def test_fresh_insists_on_a_new_run_and_sets_the_old_one_aside() -> None:
    train("--name", "one")
    before = (Path("runs/one/metrics.csv")).read_text()
    Path("flowers.nn").write_text(SPEC.replace("Tanh", "ReLU"))
    assert train("--name", "one", "--fresh", "--set", "epochs=1")[0] == 0
    assert Path("runs/one-1/metrics.csv").read_text() == before and epochs("one") == 1
    assert train("--fresh")[0] == 2


def test_a_restart_by_torchrun_goes_on_with_the_run_of_its_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "job7")
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "0")
    train("--set", "epochs=1")
    train("--set", "epochs=1")
    assert epochs("flowers-1") == epochs("flowers-2") == 1
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "job8")
    train("--set", "epochs=1")
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    code, told = train("--set", "epochs=4")
    assert code == 0 and "resumed after 1 epochs" in told and epochs("flowers-3") == 4
    train("--name", "one", "--fresh")
    train("--name", "one", "--fresh")  # a restart: the run that it began is not set aside
    assert not Path("runs/one-1").exists() and not Path("runs/flowers-4").exists()
