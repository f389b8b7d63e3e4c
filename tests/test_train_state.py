"""What a run keeps, and what it makes of what was done to it: signals, full disks, damaged files, other recipes and data."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

import nnspec
from nnspec.cli.main import main
from nnspec.run import Run
from nnspec.train import epochs, save
from nnspec.train.clock import Clock
from nnspec.train.display import Silent
from nnspec.train.lock import held
from nnspec.train.network import Network

SPEC = """
model Flower {
  input features: float[N, 4]
  body: Linear(32) -> BatchNorm1d -> ReLU -> Dropout(0.1)
  output logits = head: Linear(3)
}
train {
  data      = iris
  optimizer = AdamW(lr = 1e-2)
  epochs    = 4
  batch     = 30
}
"""


def train(runs: Path, name: str, **recipe: Any) -> Run:
    return nnspec.loads(SPEC).train(runs=runs, name=name, quiet=True, **recipe)


def weights(run: Run) -> list[torch.Tensor]:
    return list(load_file(run.last_weights).values()) + list(load_file(run.best_weights).values())


def same(left: Run, right: Run) -> bool:
    return all(torch.equal(x, y) for x, y in zip(weights(left), weights(right), strict=True))


def refused(folder: Path, **recipe: Any) -> tuple[str, str]:
    """The code and the text of the mistake with which a run refuses to go on."""
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.resume(folder, quiet=True, **recipe)
    return caught.value.diagnostics[0].code, str(caught.value)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing happened to."""
    return train(tmp_path_factory.mktemp("runs"), "whole")


# --- signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("owner", "name"), [(Network, "validate"), (save, "write_state"), (save, "write_weights")])
def test_a_signal_while_a_run_validates_or_saves_ends_it_when_that_is_done(
    owner: Any, name: str, number: int, whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, function = 0, getattr(owner, name)

    def signalled(*arguments: Any) -> Any:
        nonlocal done
        done += 1
        if done == 2:
            os.kill(os.getpid(), number)
        return function(*arguments)

    monkeypatch.setattr(owner, name, signalled)
    stopped = train(tmp_path, "part")
    monkeypatch.undo()
    assert stopped.interrupted == number and 0 < len(stopped.history) < 4
    assert same(nnspec.resume(stopped.folder, quiet=True), whole)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="says when PyTorch is being imported")
@pytest.mark.parametrize(
    ("number", "begun", "code"),
    [(signal.SIGINT, False, -2), (signal.SIGTERM, False, 75), (signal.SIGTERM, True, 75), (signal.SIGUSR1, True, 75)],
)
def test_the_program_ends_at_a_signal_before_it_has_begun_and_saves_afterwards(
    number: int, begun: bool, code: int, tmp_path: Path
) -> None:
    (tmp_path / "spec.nn").write_text(SPEC.replace("epochs    = 4", "epochs    = 100000"))
    arguments = ["-m", "nnspec", "train", str(tmp_path / "spec.nn"), "--runs", str(tmp_path / "runs"), "--quiet"]
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    metrics, maps = tmp_path / "runs" / "flower-1" / "metrics.csv", Path(f"/proc/{process.pid}/maps")
    while process.poll() is None and not (metrics.exists() if begun else "libtorch_cpu" in maps.read_text()):
        time.sleep(0.01)
    process.send_signal(number)
    output, _ = process.communicate(timeout=100)
    assert process.returncode == code, output
    assert ("go on with it: nnspec train --resume" in output) == begun and "Traceback" not in output


# --- a full disk


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """The operating system writes no file that is larger, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_ends_a_run_whose_last_state_is_whole(
    whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (whole.folder / "state.safetensors").stat().st_size
    (tmp_path / "spec.nn").write_text(SPEC)
    limits: list[Any] = []

    def fill(display: Silent, row: dict[str, Any], epochs: int) -> None:
        if row["epoch"] == 2:
            limits.append(files_of_at_most(size // 2))
            limits[0].__enter__()

    monkeypatch.setattr(Silent, "epoch", fill)
    try:
        arguments = ["train", str(tmp_path / "spec.nn"), "--runs", str(tmp_path), "--name", "part", "--quiet"]
        result = CliRunner().invoke(main, arguments)
    finally:
        limits[0].__exit__(None, None, None)
    monkeypatch.undo()
    assert result.exit_code == 1 and "error[E0622]" in result.stderr and "File too large" in result.stderr
    assert f"go on with it from its last state: nnspec train --resume {tmp_path / 'part'}" in result.stderr
    assert not list((tmp_path / "part").glob(".*"))
    again = nnspec.resume(tmp_path / "part", quiet=True)
    assert same(again, whole) and len(again.history) == 4


def test_a_disk_that_is_full_from_the_first_leaves_no_folder(tmp_path: Path) -> None:
    with files_of_at_most(100), pytest.raises(nnspec.SpecError, match="cannot write"):
        train(tmp_path, "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "run" / ".unfinished").mkdir(parents=True)  # it may have been killed instead
    assert train(tmp_path, "run", epochs=1).folder == tmp_path / "run"


# --- damaged files


def test_files_that_were_damaged_anywhere_never_load(whole: Run, tmp_path: Path) -> None:
    chance = random.Random(0)
    names = ("state.safetensors", "last.safetensors", "best.safetensors", "spec.nn", "program.json", "run.json")
    model = nnspec.loads(SPEC)
    for number in range(100):
        folder, name = tmp_path / str(number), chance.choice(names)
        shutil.copytree(whole.folder, folder)
        content = bytearray((folder / name).read_bytes())
        for _ in range(chance.choice((1, 1, 4))):
            content[chance.randrange(len(content))] ^= chance.randrange(1, 256)
        (folder / name).write_bytes(content)
        assert refused(folder)[0] == "E0506", name
        if name in ("last.safetensors", "best.safetensors"):
            with pytest.raises(nnspec.SpecError, match="was changed or damaged"):
                model.to_torch(folder / name)


def test_weights_load_where_no_manifest_speaks_of_them(whole: Run, tmp_path: Path) -> None:
    shutil.copy(whole.best_weights, tmp_path / "weights.safetensors")
    shutil.copy(whole.best_weights, whole.folder / "copy.safetensors")
    for path in (whole.best_weights, tmp_path / "weights.safetensors", whole.folder / "copy.safetensors"):
        nnspec.loads(SPEC).to_torch(path)


# --- other recipes, other data


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"batch": 20}, "began with the batch 30, and cannot go on with 20"),
        ({"seed": 1}, "began with the seed 0"),
        ({"split": 0.5}, "began with the split 0.2"),
        ({"optimizer": "SGD()"}, "began with the optimizer AdamW, and cannot go on with SGD"),
        ({"loss": "mean(logits * logits)"}, "began with the loss of its spec"),
        ({"freeze": "[body]"}, "began with the freeze []"),
        ({"ema": 0.9}, "began with the ema null"),
        ({"decay": '"matrices"'}, "began with the decay"),
        ({"data": "spirals(1000)"}, "the data"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_run_does_not_go_on_as_another_one(recipe: dict[str, Any], words: str, whole: Run) -> None:
    before = (whole.folder / "run.json").read_bytes()
    code, text = refused(whole.folder, **recipe)
    assert code in ("E0623", "E0612") and words in text
    assert (whole.folder / "run.json").read_bytes() == before


def test_a_run_goes_on_for_more_epochs_and_with_another_rate(whole: Run, tmp_path: Path) -> None:
    shutil.copytree(whole.folder, tmp_path / "run")
    more = nnspec.resume(tmp_path / "run", quiet=True, epochs=6, batch=30, optimizer="AdamW(lr = 1e-3)")
    assert [row["epoch"] for row in more.history] == [1, 2, 3, 4, 5, 6]
    assert [row["learning_rate"] for row in more.history[3:]] == [0.01, 0.001, 0.001]
    assert same(nnspec.resume(tmp_path / "run", quiet=True), more)


def test_a_run_does_not_go_on_with_data_that_changed_since(tmp_path: Path) -> None:
    def write(folder: Path, samples: int, value: float) -> None:
        folder.mkdir(exist_ok=True)
        features = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
        features[0, 0] = value
        np.savez(folder / "set.npz", features=features[:samples], label=np.arange(samples) % 3)

    write(tmp_path / "data", 100, 0.5)
    run = train(tmp_path / "runs", "run", data=str(tmp_path / "data" / "set.npz"))
    for samples, value, words in ((90, 0.5, "with 90 samples"), (100, 0.25, "with other values in them")):
        write(tmp_path / "data", samples, value)
        assert "data of 100 samples" in refused(run.folder)[1] and words in refused(run.folder)[1]
    write(tmp_path / "moved", 100, 0.5)  # the same data, elsewhere
    more = nnspec.resume(run.folder, quiet=True, epochs=5, data=str(tmp_path / "moved" / "set.npz"))
    assert len(more.history) == 5


def test_a_folder_without_a_run_is_no_run(tmp_path: Path) -> None:
    code, text = refused(tmp_path)
    assert code == "E0615" and "no readable run.json" in text


def test_a_spec_does_not_import_what_a_run_calls_its_own(tmp_path: Path) -> None:
    (tmp_path / "spec.nn").write_text("block Wide(n) {\n  Linear(n)\n}\n")
    (tmp_path / "flower.nn").write_text('import Wide from "spec.nn"\n' + SPEC.replace("Linear(32)", "Wide(32)"))
    with pytest.raises(nnspec.SpecError, match="the spec imports a file of this name"):
        nnspec.load(tmp_path / "flower.nn").train(runs=tmp_path / "runs", quiet=True)
    assert not list((tmp_path / "runs").iterdir())


def test_two_processes_do_not_train_in_one_folder(whole: Run) -> None:
    with held(whole.folder, True):
        code, text = refused(whole.folder)
    assert code == "E0615" and "another process is training in it" in text
    assert same(nnspec.resume(whole.folder, quiet=True), whole)


# --- in the middle of an epoch


def test_a_long_epoch_is_saved_in_its_middle(whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[tuple[int, int]] = []
    save_state = epochs.save_state

    def noted(folder: Path, loop: Any) -> None:
        saved.append((loop.position.epoch, loop.position.step))
        save_state(folder, loop)

    monkeypatch.setattr(epochs, "save_state", noted)
    monkeypatch.setattr(Clock, "due", lambda clock, calls=count(): next(calls) % 3 == 2)
    assert same(train(tmp_path, "run"), whole)
    assert len(saved) > 4 and any(step for _, step in saved)


@pytest.mark.parametrize(
    ("before", "after"), [(b"optimizer.0.step", b"optimizer.0.stap"), (b"optimizer.0.step", b"optimizer.x.step")]
)
def test_a_state_without_the_tensors_that_it_needs_is_refused(before: bytes, after: bytes, tmp_path: Path) -> None:
    from nnspec.manifest import MANIFEST, Manifest, digest

    spec = "model M {\n  input features: float[N, 2]\n  output y = Linear(2)\n}\ntrain {\n  data = spirals(samples = 20)\n}\n"
    folder = nnspec.loads(spec).train(runs=tmp_path, name="r", quiet=True, epochs=1, device="cpu").folder
    path = folder / "state.safetensors"
    content = path.read_bytes()
    assert before in content
    path.write_bytes(content.replace(before, after))
    files = Manifest.model_validate_json((folder / MANIFEST).read_bytes()).files
    changed = Manifest(files={**files, path.name: [digest(path)]}).signed()
    (folder / MANIFEST).write_text(changed.model_dump_json())
    with pytest.raises(nnspec.SpecError, match="does not have the tensors of its model and optimizer"):
        nnspec.resume(folder, quiet=True, epochs=2, device="cpu")
