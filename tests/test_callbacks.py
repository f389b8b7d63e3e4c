"""Callbacks see a run: their own order of things, their mistakes, and the packages that they write for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.callbacks.callback import Callback, Checkpoint, Progress, Row, Step

SPEC = """
model Flowers {
  input features: float[N, 4]
  hidden: Linear(8) -> act: Tanh
  output logits = head: Linear(3)
}
train {
  data   = iris
  epochs = 2
  batch  = 40
}
"""


def train(folder: Path, *callbacks: Any, **recipe: Any) -> Any:
    return nnspec.loads(SPEC).train(runs=folder, name="run", quiet=True, callbacks=callbacks, **recipe)


class Diary(Callback):
    """Everything that a callback is told, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.losses: list[float] = []

    def begin(self, run: Progress) -> None:
        self.lines.append(f"begin {run.name} {len(run.history)}/{run.epochs} of {run.steps} steps")

    def step(self, run: Progress, step: Step) -> None:
        self.lines.append(f"step {step.number}")
        self.losses.append(step.losses["loss"].item())

    def epoch(self, run: Progress, row: Row) -> None:
        assert run.history[-1] == row
        self.lines.append(f"epoch {row['epoch']}")

    def checkpoint(self, run: Progress, checkpoint: Checkpoint) -> None:
        assert all(path.exists() for path in checkpoint.files)
        names = " ".join(path.name for path in checkpoint.files if "state" not in path.name)
        self.lines.append(f"checkpoint {checkpoint.epoch}.{checkpoint.step} {names}".strip())

    def pictures(self, run: Progress, pictures: Mapping[str, Path]) -> None:
        self.lines.append(f"pictures {' '.join(pictures)}")

    def end(self, run: Progress, error: BaseException | None) -> None:
        self.lines.append(f"end {type(error).__name__}")


class Stops(Callback):
    """Ends the run at a step."""

    def __init__(self, number: int) -> None:
        self.number = number

    def step(self, run: Progress, step: Step) -> None:
        if step.number == self.number:
            run.stop(f"step {step.number} is enough")


def test_a_callback_sees_steps_epochs_checkpoints_and_pictures_in_order(tmp_path: Path) -> None:
    diary = Diary()
    result = train(tmp_path, diary)
    assert diary.lines == [
        "begin Flowers 0/2 of 3 steps",
        "step 1", "step 2", "step 3", "epoch 1", "checkpoint 1.0 last.safetensors best.safetensors",
        "step 4", "step 5", "step 6", "epoch 2", "checkpoint 2.0 last.safetensors best.safetensors",
        "pictures curves confusion",
        "end NoneType",
    ]  # fmt: skip
    sizes = torch.tensor([40.0, 40.0, 40.0])
    assert result.history[0]["loss"] == pytest.approx((torch.tensor(diary.losses[:3]) @ sizes / sizes.sum()).item())


def test_a_run_that_a_callback_stopped_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", epochs=3)
    stopped = train(tmp_path / "stopped", Stops(5), epochs=3)
    assert len(stopped.history) == 1 and stopped.interrupted is None
    diary = Diary()
    gone_on = nnspec.resume(stopped.folder, quiet=True, callbacks=[diary])
    assert diary.lines[:2] == ["begin Flowers 1/3 of 3 steps", "step 6"]
    wanted, found = load_file(whole.last_weights), load_file(gone_on.last_weights)
    assert all(torch.equal(tensor, found[name]) for name, tensor in wanted.items())


class Fails(Callback):
    """Raises what a training loop must not take for its own mistake."""

    def epoch(self, run: Progress, row: Row) -> None:
        raise RuntimeError("no memory of that")


def test_what_a_callback_raises_ends_the_run_with_its_name_and_the_run_goes_on_later(tmp_path: Path) -> None:
    diary = Diary()
    with pytest.raises(nnspec.SpecError, match=r"E0692.*Fails failed at `epoch`: RuntimeError: no memory") as caught:
        train(tmp_path, Fails(), diary)
    assert isinstance(caught.value.__cause__, RuntimeError)  # whose traceback its author needs
    assert diary.lines[-1] == "end SpecError"
    assert len(nnspec.resume(tmp_path / "run", quiet=True).history) == 2


def test_what_is_no_callback_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(nnspec.SpecError, match=r"E0691"):
        train(tmp_path, print)
    assert not list(tmp_path.iterdir())


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    """A module in the place of a package that may not be installed."""
    module = ModuleType(name)
    module.__dict__.update(members)
    monkeypatch.setitem(__import__("sys").modules, name, module)
    monkeypatch.setattr("nnspec.extras.find_spec", lambda wanted: wanted)


class Client:
    """The client of MLflow, as far as it is used; runs are kept in the class, as a server would."""

    runs: ClassVar[dict[str, dict[str, Any]]] = {}

    def __init__(self, tracking_uri: str | None) -> None:
        self.uri = tracking_uri

    def get_experiment_by_name(self, name: str) -> None:
        return None

    def create_experiment(self, name: str) -> str:
        return name

    def create_run(self, experiment: str, run_name: str) -> Any:
        self.runs["7"] = {"experiment": experiment, "name": run_name, "metrics": [], "params": {}, "files": []}
        return SimpleNamespace(info=SimpleNamespace(run_id="7"))

    def update_run(self, run: str, status: str) -> None:
        self.runs[run]["status"] = status

    def log_param(self, run: str, name: str, value: str) -> None:
        self.runs[run]["params"][name] = value

    def log_metric(self, run: str, name: str, value: float, step: int) -> None:
        self.runs[run]["metrics"].append((name, value, step))

    def log_artifact(self, run: str, path: str) -> None:
        self.runs[run]["files"].append(Path(path).name)

    def set_terminated(self, run: str, status: str) -> None:
        self.runs[run]["status"] = status


def test_mlflow_is_told_the_recipe_the_epochs_the_pictures_and_the_best_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, "mlflow", MlflowClient=Client)
    result = train(tmp_path, 'mlflow(experiment = "flowers", weights = true)')
    nnspec.resume(result.folder, quiet=True, epochs=3, callbacks=["mlflow"])
    (run,) = Client.runs.values()  # the same one
    assert (run["experiment"], run["name"], run["status"]) == ("flowers", "run", "FINISHED")
    assert run["params"]["optimizer.Adam.lr"] == "0.001" and run["params"]["model"] == "Flowers"
    losses = [(value, step) for name, value, step in run["metrics"] if name == "loss"]
    assert losses[:2] == [(row["loss"], row["epoch"]) for row in result.history] and losses[2][1] == 3
    assert {"curves.png", "confusion.png", "best.safetensors"} <= set(run["files"])


def test_weights_and_biases_is_written_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[tuple[dict[str, Any], int]] = []
    begun: list[dict[str, Any]] = []
    ended: list[int] = []

    def init(**options: Any) -> Any:
        begun.append(options)
        log = lambda values, step: logged.append((values, step))  # noqa: E731
        return SimpleNamespace(id="abc", log=log, finish=lambda exit_code: ended.append(exit_code))

    stand_in(monkeypatch, "wandb", init=init, Image=lambda path: path)
    result = train(tmp_path, 'wandb(project = "flowers")')
    with pytest.raises(nnspec.SpecError):
        nnspec.resume(result.folder, quiet=True, epochs=3, callbacks=["wandb", Fails()])
    assert (begun[0]["project"], begun[0]["mode"], begun[0]["id"]) == ("flowers", "offline", None)
    assert begun[1]["id"] == "abc" and ended == [0, 1]
    assert [step for values, step in logged if "loss" in values] == [1, 2, 3]
    assert begun[0]["config"]["epochs"] == 2
