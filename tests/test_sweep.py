"""`nnspec sweep`: trials that several processes share, each a run; none is lost or done twice."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

import nnspec
from nnspec.cli.main import main
from nnspec.sweep.space import Range, Values, read_space

pytest.importorskip("optuna", reason="needs Optuna: pip install 'nnspec[sweep]'")

SPEC = """
model Flowers(classes = 3, width = 8) {
  require width < 40, "too wide"
  input features: float[N, 4]
  output logits = body: Linear(width) -> Tanh -> head: Linear(classes)
}
train {
  data   = iris
  batch  = 30
  epochs = 3
}
"""


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flowers.nn").write_text(SPEC)


def sweep(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["sweep", "flowers.nn", *arguments], catch_exceptions=False)
    return result.exit_code, result.output


def rows(folder: str = "runs/flowers-sweep") -> list[dict[str, str]]:
    with (Path(folder) / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_ranges_are_read_as_they_are_written() -> None:
    space = read_space({
        "a": "1e-4..1e-1:log", "b": "16..64:16", "c": "1..9", "d": "0..1:0.25", "e": "64,128",
        "f": 'SGD(0.1, momentum = 0.9), Adam, "x, y"',
    })  # fmt: skip
    assert space == {
        "a": Range(1e-4, 0.1, False, True), "b": Range(16, 64, True, False, 16), "c": Range(1, 9, True),
        "d": Range(0, 1, False, False, 0.25), "e": Values(("64", "128")),
        "f": Values(("SGD(0.1, momentum = 0.9)", "Adam", '"x, y"')),
    }  # fmt: skip
    assert [space[name].values for name in "abd"] == [None, [16, 32, 48, 64], [0, 0.25, 0.5, 0.75, 1]]
    for text in ("1", "3..1", "0..1:log", "1..2:5", "a,a", "a,,b"):
        with pytest.raises(nnspec.SpecError, match=r"--over x="):
            read_space({"x": text})


def test_each_trial_is_a_run_and_the_best_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["--over", "optimizer.lr=1e-4..1e-1:log", "--over", "width=16..48:16", "--set", "epochs=2"]
    code, told = sweep(*arguments, "--trials", "5", "--seed", "1")
    assert code == 0
    found = rows()
    assert [row["trial"] for row in found] == ["0", "1", "2", "3", "4"]
    for row in found:
        folder = Path("runs/flowers-sweep") / f"trial-{row['trial']}"
        if row["width"] == "48":
            assert row["state"] == "fail" and "too wide" in row["reason"] and f"trial {row['trial']}" in told
            continue
        settings = json.loads((folder / "run.json").read_text())
        assert settings["resolved"]["optimizer"]["Adam"]["lr"] == float(row["optimizer.lr"])
        assert settings["resolved"]["epochs"] == 2
        with (folder / "metrics.csv").open() as file:
            scores = [float(each["accuracy"]) for each in csv.DictReader(file)]
        assert max(scores) == float(row["accuracy"])
    best = max(float(row["accuracy"] or 0) for row in found)
    assert f"best accuracy {best:.4f} in runs/flowers-sweep/trial-" in told
    with Image.open("runs/flowers-sweep/sweep.png") as picture:
        assert picture.size == (1200, 280)
    again, more = sweep(*arguments, "--trials", "7", "--quiet")
    assert again == 0 and len(rows()) == 7 and rows()[:5] == found and "trial 5" not in more
    compared = CliRunner().invoke(main, ["runs", "runs/flowers-sweep"])
    assert "trial-0" in compared.output and "optimizer" in compared.output


def test_a_grid_has_each_of_its_points_once() -> None:
    code, _ = sweep("--over", "width=4,8,16", "--over", "batch=15,30", "--sampler", "GridSampler", "--trials", "40",
                    "--set", "epochs=1")  # fmt: skip
    assert code == 0
    assert sorted((row["width"], row["batch"]) for row in rows()) == sorted(
        (width, batch) for width in ("4", "8", "16") for batch in ("15", "30")
    )


def test_a_trial_that_its_pruner_gives_up_ends_early() -> None:
    code, told = sweep("--over", "optimizer.lr=1e-9,1e-1", "--sampler", "GridSampler", "--set", "epochs=6",
                       "--pruner", "ThresholdPruner(lower = 0.6, n_warmup_steps = 2)")  # fmt: skip
    assert code == 0 and "pruned" in told
    pruned = [row for row in rows() if row["state"] == "pruned"]
    assert [row["optimizer.lr"] for row in pruned] == ["1e-9"]
    history = (Path("runs/flowers-sweep") / f"trial-{pruned[0]['trial']}" / "metrics.csv").read_text().splitlines()
    assert 1 < len(history) < 7


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--over", "width=4,8", "--sampler", "TPESamler"], "did you mean TPESampler?"),
        (["--over", "width=4,8", "--sampler", "TPESampler(x = 1)"], "it has no argument x"),
        (["--over", "optimizer.lr=0.1..1", "--sampler", "GridSampler"], "has numbers beyond count"),
        (["--over", "optimizer.lrr=0.1..1"], "SGD has no parameter lrr"),
        (["--over", "widht=4,8"], "has anything called widht"),
        (["--over", "width=4,8", "--storage", "nothing://here"], "nothing"),
        (["--over", "width=48,64"], "too wide"),
    ],
)
def test_a_mistake_is_told_before_the_first_trial(arguments: list[str], told: str) -> None:
    code, output = sweep(*arguments, "--set", "optimizer=SGD", "--trials", "2")
    assert code == 1 and told in output
    assert not Path("runs/flowers-sweep/trial-0").exists()


def test_a_search_goes_on_as_it_began() -> None:
    assert sweep("--over", "width=4,8", "--trials", "1", "--set", "epochs=1")[0] == 0
    for arguments in (["--over", "width=4,16", "--set", "epochs=1"], ["--over", "width=4,8"]):
        code, told = sweep(*arguments, "--trials", "2")
        assert code == 1 and "has a search that began with" in told
    Path("flowers.nn").write_text(SPEC.replace("Tanh", "ReLU"))
    assert "began with another text" in sweep("--over", "width=4,8", "--trials", "2", "--set", "epochs=1")[1]


@pytest.mark.slow
def test_twelve_trials_in_two_processes_that_are_killed_and_resumed_are_neither_lost_nor_doubled() -> None:
    command = [sys.executable, "-m", "nnspec", "sweep", "flowers.nn", "--over", "optimizer.lr=1e-4..1e-1:log",
               "--over", "width=4..32", "--trials", "12", "--set", "epochs=20", "--set", "batch=4"]  # fmt: skip
    draws = random.Random(3)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)

    kills = 0
    for _ in range(30):
        processes = [start(), start()]
        if kills < 2:
            deadline = time.monotonic() + 240
            while len(list(Path().glob("runs/flowers-sweep/trial-*/run.json"))) < 3 * kills + 1:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            time.sleep(draws.random())
            for process in processes:
                process.kill()
            kills += 1
        outputs = [process.communicate()[0] for process in processes]
        if all(process.returncode == 0 for process in processes):
            break
    assert kills == 2
    assert any("best accuracy" in output for output in outputs), outputs
    code, _ = sweep(*command[5:])  # nothing is left to do
    assert code == 0
    found = rows()
    assert [int(row["trial"]) for row in found] == list(range(12))
    assert {row["state"] for row in found} == {"complete"}
    folders = sorted(path.name for path in Path("runs/flowers-sweep").glob("trial-*") if path.is_dir())
    assert folders == sorted(f"trial-{number}" for number in range(12))
    for row in found:
        history = (Path("runs/flowers-sweep") / f"trial-{row['trial']}" / "metrics.csv").read_text().splitlines()
        assert len(history) == 21
    left = nnspec.load("flowers.nn", settings={"width": int(found[3]["width"])})
    settings = {"optimizer.lr": float(found[3]["optimizer.lr"]), "epochs": 20, "batch": 4}
    alone = left.train(quiet=True, **settings)
    assert alone.best == float(found[3]["accuracy"])  # as if nobody had killed it
