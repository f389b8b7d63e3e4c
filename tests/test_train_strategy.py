"""Training in two processes: the curve of one, one file of weights, runs that go on, and what is refused."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from click.testing import CliRunner
from filelock import FileLock
from safetensors.torch import load_file

import nnspec
from nnspec.cli.main import main
from nnspec.ir.idle import has_idle_weights

SPEC = """
block Unit(width) {
  [N, C]
  residual { LayerNorm -> Linear(width) -> GELU -> Dropout(DROPOUT) -> Linear(C) }
}

model Deep(classes = 3) {
  input features: float[N, 4]
  stem: Linear(10)
  body: 2 x Unit(16)
  output logits = head: Linear(classes)
}

train {
  data       = iris
  loss       = cross_entropy(logits, label)
  metrics    = [accuracy(logits, label)]
  optimizer  = AdamW(lr = 3e-3)
  rates      = [["stem", 0.5]]
  decay      = "matrices"
  clip       = 1.0
  ema        = 0.9
  accumulate = 2
  freeze     = [head]
  thaw       = 1
  epochs     = 3
  batch      = 23  # no even shares; 5 are left for the last one
}
"""

NETWORKS = """
model Encoder() {
  input x: float[N, 4]
  output code = Linear(3) -> Tanh
}
model Judge() {
  input code: float[N, 3]
  output score = Linear(8) -> LayerNorm -> Tanh -> Linear(1)
}

train Pair {
  data      = iris
  batch     = 25
  epochs    = 3
  seed      = 3
  optimizer = SGD(0.05, momentum = 0.9)
  code      = features -> encoder: Encoder

  phase judge {
    score  = detach(code) -> judge: Judge
    loss   = mean((score - features[:, 0:1]) * (score - features[:, 0:1]))
    update = judge
    steps  = 2
  }
  phase encode {
    loss   = mean(abs((code -> judge) - features[:, 0:1])) + sqrt(mean(code * code))
    update = encoder
  }
}
"""


def in_two_processes(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "still.nn").write_text(SPEC.replace("DROPOUT", "0.0"))
    (folder / "random.nn").write_text(SPEC.replace("DROPOUT", "0.2"))
    (folder / "networks.nn").write_text(NETWORKS)
    script = Path(__file__).with_name("strategy_processes.py")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launch, str(folder), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


class Two(NamedTuple):
    """What two processes did in a folder."""

    folder: Path
    output: str
    results: dict[str, Any]


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Two:
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "two"  # once for all workers of pytest-xdist
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            folder.mkdir()
            done = in_two_processes(folder)
            assert done.returncode == 0, done.stderr
            (folder / "output.txt").write_text(done.stdout)
    return Two(folder, (folder / "output.txt").read_text(), json.loads((folder / "results.json").read_text()))


def curve(run: Path) -> torch.Tensor:
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    return torch.tensor([[float(row[key]) for key in ("loss", "validation_loss", "accuracy")] for row in rows])


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_follow_the_curve_of_one_and_leave_one_file_of_weights(strategy: str, two: Two) -> None:
    spec = two.folder / "still.nn"
    alone = nnspec.load(spec).train(runs=two.folder / f"alone-{strategy}", quiet=True)
    torch.testing.assert_close(curve(two.folder / strategy), curve(alone.folder), rtol=1e-5, atol=1e-5)
    found, expected = load_file(two.folder / strategy / "last.safetensors"), load_file(alone.last_weights)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    checked = CliRunner().invoke(main, ["weights", "check", str(spec), str(two.folder / strategy / "best.safetensors")])
    assert checked.exit_code == 0, checked.output


def test_the_first_process_tells_what_happens_and_nobody_else(two: Two) -> None:
    assert two.output.count("epoch 3/3") == 2  # ddp, fsdp


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_run_of_two_processes_that_one_is_asked_to_stop_goes_on_bit_by_bit(strategy: str, two: Two) -> None:
    assert two.results[f"{strategy} goes on"] is True


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("norms", "E0621 --strategy ddp cannot train this: BatchNorm1d has statistics of a batch"),
        ("single number", "E0621 --strategy fsdp cannot train this: its weight scale is a single number"),
        ("networks", "E0621 --strategy fsdp cannot train this: its recipe builds networks of its own"),
        ("whole weights", "E0621 --strategy fsdp cannot train this: Muon needs whole weights"),
    ],
)
def test_what_cannot_be_spread_over_processes_is_refused(what: str, words: str, two: Two) -> None:
    assert words in two.results[what]


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_one_process_goes_on_with_a_run_of_two(strategy: str, two: Two) -> None:
    spec = two.folder / "still.nn"
    alone = nnspec.load(spec).train(runs=two.folder / f"whole-{strategy}", quiet=True)
    resumed = nnspec.resume(two.folder / f"{strategy}-half", quiet=True, epochs=len(alone.history))
    torch.testing.assert_close(curve(resumed.folder), curve(alone.folder), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(load_file(resumed.last_weights), load_file(alone.last_weights), rtol=1e-4, atol=1e-5)


def test_two_networks_in_two_processes_follow_the_curve_of_one(two: Two) -> None:
    alone = nnspec.loads(NETWORKS).train(runs=two.folder / "alone", quiet=True)
    rows, expected = (
        list(csv.DictReader((run / "metrics.csv").open())) for run in (two.folder / "networks", alone.folder)
    )
    for own, other in zip(rows, expected, strict=True):
        for loss in ("judge_loss", "encode_loss"):
            assert float(own[loss]) == pytest.approx(float(other[loss]), rel=1e-5)
    found, wanted = (load_file(run / "last.safetensors") for run in (two.folder / "networks", alone.folder))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_all_processes_end_when_one_fails(tmp_path: Path) -> None:
    done = in_two_processes(tmp_path, "fails")
    assert done.returncode == 1
    assert "rank 0: E0625 another process of the run has ended" in done.stdout


@pytest.mark.parametrize(
    ("strategy", "environment", "words"),
    [
        ("ddp", {}, "--strategy ddp is for several processes, and this is one"),
        (None, {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}, "2 processes were started, and nothing says how"),
        ("zero", {}, "there is no strategy zero"),
    ],
)
def test_a_strategy_needs_processes_and_processes_a_strategy(
    strategy: str | None, environment: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(nnspec.SpecError, match=words) as caught:
        nnspec.loads(SPEC.replace("DROPOUT", "0.0")).train(runs=tmp_path, quiet=True, strategy=strategy)
    assert caught.value.diagnostics[0].code == "E0620"


@pytest.mark.parametrize(
    ("outputs", "idle"), [({"logits"}, True), ({"logits", "other"}, False), ({"other"}, True), (set(), True)]
)
def test_weights_are_idle_where_no_wanted_output_depends_on_them(outputs: set[str], idle: bool) -> None:
    text = SPEC.replace("DROPOUT", "0.0").replace("  output", "  output other = _ -> side: Linear(2)\n  output", 1)
    assert has_idle_weights(nnspec.loads(text).program, outputs) is idle


@pytest.mark.parametrize("key", ["strategy", "device"])
def test_a_recipe_that_says_what_the_machine_decides_is_told_where_to_say_it(key: str, tmp_path: Path) -> None:
    spec = SPEC.replace("DROPOUT", "0.0").replace("epochs ", f'{key} = "ddp"\n  epochs ')
    with pytest.raises(nnspec.SpecError, match=f"`{key}` cannot stand here(.|\n)*--{key}"):
        nnspec.loads(spec).train(runs=tmp_path, quiet=True)
