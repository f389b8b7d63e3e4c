"""Recipes at random against a plain loop: losses, weights and metrics are the same in parts, batches and processes.

`python -m tests.fuzz.recipes --seconds 600 --seed 7`. Everything is computed in float64, so that what differs by more
than 1e-6 of its size is a difference. One case in eight is trained by two processes, this one and a second that is
started once (gloo, as `--strategy ddp` on CPUs).
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

import nnspec
from nnspec.limits import DEFAULT_LIMITS
from nnspec.recipe.plan import read_plan
from nnspec.train.display import Silent
from nnspec.train.loop import Loop
from nnspec.train.prepare import Prepared, prepare
from nnspec.train.strategy import Strategy
from tests.fuzz import losses, run
from tests.fuzz.machine import Fault, Machine
from tests.fuzz.plain_loop import Network, Trained, judged
from tests.fuzz.second_process import second_process

Case = dict[str, Any]
CLOSE = 1e-6  # float64 on both sides; what is shown of an epoch is float32
MODEL = """
model Random {
  input features: float[N, SHAPE]
  body: Linear(WIDTH) NORM -> Tanh
  hidden = _
  output scores = hidden -> head: Linear(4) MOVE
  output code = hidden POOL
}
train {
  data = arrays("data.npz")
  normalize = false
  loss = LOSS
  metrics = [METRICS]
  optimizer = OPTIMIZER
  schedule = SCHEDULE
  EXTRA
}
"""


def text(case: Case) -> str:
    """The spec of a case."""
    sequence = case["length"] > 1
    rates = {
        "SGD": f"SGD(lr = {case['lr']}, momentum = {case['momentum']}, weight_decay = {case['weight_decay']}, "
        f"nesterov = {str(case['nesterov']).lower()})",
        "Adam": f"Adam(lr = {case['lr']}, weight_decay = {case['weight_decay']})",
        "AdamW": f"AdamW(lr = {case['lr']}, weight_decay = {case['weight_decay']})",
    }
    schedules = {"linear": f"linear(warmup = {case['warmup']}, final = 0.1)",
                 "step": f"step(epochs = 1, factor = 0.5, warmup = {case['warmup']})"}  # fmt: skip
    extra = [f"{key} = {case[key]}" for key in ("epochs", "batch", "seed", "split", "accumulate")]
    extra += [f"{key} = {case[key]}" for key in ("clip", "ema") if case[key] is not None]
    extra += [f'decay = "{case["decay"]}"', f"freeze = [{', '.join(case['freeze'])}]"]
    words = {
        "SHAPE": f"{case['length']}, 4" if sequence else "4",
        "WIDTH": str(case["width"]),
        "NORM": "-> norm: BatchNorm1d" if case["normed"] else "",
        "MOVE": "-> Transpose(1, 2)" if sequence else "",
        "POOL": "-> Mean(1)" if sequence else "",
        "LOSS": case["loss"],
        "METRICS": ", ".join(case["metrics"]),
        "OPTIMIZER": rates[case["optimizer"]],
        "SCHEDULE": schedules.get(case["schedule"], f"{case['schedule']}(warmup = {case['warmup']})"),
        "EXTRA": "\n  ".join(extra),
    }
    spec = MODEL
    for word, value in words.items():
        spec = spec.replace(word, value)
    return spec


class Recipes(Machine[Case]):
    """Random recipes."""

    name = "recipes"
    cases = "recipes"

    def draw(self, random: Random) -> Case:
        processes = random.choice([1] * 7 + [2])
        accumulate = random.choice([1, 1, 2, 3, 4, 5])
        samples = random.randrange(8, 60)
        optimizer = random.choice(["SGD", "SGD", "Adam", "AdamW"])
        momentum = random.choice([0.0, 0.9])
        freeze = random.choice([[], [], [], ["body"]])
        loss = losses.loss(random)
        length = random.choice([1, 1, 3])
        normed = processes == 1 and accumulate == 1 and length == 1 and random.random() < 0.5
        batches = [1, 2, 3, 5, 8, 16, 64] if accumulate == 1 else [2, 5, 7, 12, 64]
        return {
            "loss": loss,
            "metrics": losses.metrics(random),
            "samples": samples,
            "length": length,
            "width": random.choice([4, 8]),
            "normed": normed,
            "epochs": random.choice([1, 2]),
            "batch": random.choice([size for size in batches if size > 1 or not normed]),
            "accumulate": accumulate,
            "processes": processes,
            "seed": random.randrange(1000),
            "split": random.choice([0.2, 0.3, 0.5]),
            "optimizer": optimizer,
            "lr": random.choice([0.1, 0.03]) if optimizer == "SGD" else random.choice([0.01, 0.003]),
            "momentum": momentum,
            "nesterov": momentum > 0 and random.random() < 0.5,
            "weight_decay": random.choice([0.0, 0.05]),
            "decay": random.choice(["all", "matrices"]),
            "schedule": random.choice(["constant", "cosine", "linear", "step"]),
            "warmup": random.choice([0, 0, 2]),
            "clip": random.choice([None, None, 0.5]),
            "ema": random.choice([None, None, 0.9, 0.999]),
            "freeze": [] if "scores" not in loss else freeze,
        }

    def examine(self, case: Case) -> str:
        with tempfile.TemporaryDirectory() as folder:
            write_data(case, Path(folder))
            if case["processes"] == 1:
                found = compare(case, Path(folder), Strategy())
            else:
                with second_process() as (pipe, strategy):
                    print(json.dumps({**case, "folder": folder}), file=pipe, flush=True)
                    found = compare(case, Path(folder), strategy)
        return found or ("by two" if case["processes"] == 2 else "in parts" if case["accumulate"] > 1 else "whole")

    def smaller(self, case: Case) -> Iterator[Case]:
        plain = {"processes": 1, "accumulate": 1, "epochs": 1, "clip": None, "ema": None, "freeze": [], "length": 1,
                 "normed": False, "schedule": "constant", "warmup": 0, "momentum": 0.0, "nesterov": False,
                 "weight_decay": 0.0, "decay": "all", "optimizer": "SGD", "metrics": case["metrics"][:1],
                 "batch": 64}  # fmt: skip
        for key, value in plain.items():
            if case[key] != value:
                yield {**case, key: value}

    def show(self, case: Case) -> str:
        return f"{text(case)}\n# {json.dumps(case)}"


def write_data(case: Case, folder: Path) -> None:
    """`data.npz`, which follows from the seed; one sample in ten has nothing that counts."""
    draws = np.random.default_rng(case["seed"])
    count, length = case["samples"], case["length"]
    shape = (count,) if length == 1 else (count, length)
    label = draws.integers(0, losses.CLASSES, shape)
    label[draws.random(count) < 0.1] = 0
    label.reshape(-1)[: losses.CLASSES] = range(losses.CLASSES)
    np.savez(
        folder / "data.npz",
        features=draws.normal(size=(*shape, 4)).astype("float32"),
        label=label,
        wanted=draws.normal(size=(count, case["width"])).astype("float32"),
    )


def prepared(case: Case, folder: Path, strategy: Strategy) -> Prepared:
    """The task of a case, in float64."""
    model = nnspec.loads(text(case))
    assert model.declarations is not None
    plan = read_plan(model.declarations, "Random", {}, DEFAULT_LIMITS)
    made = prepare(model.program, plan, folder, dict(plan.sources), torch.device("cpu"), strategy, DEFAULT_LIMITS)
    made.task.model.double()
    for part in (made.task.training, made.task.validation):
        part.fields.update({name: x.double() if x.is_floating_point() else x for name, x in part.fields.items()})
    return made


def compare(case: Case, folder: Path, strategy: Strategy) -> str:
    """Train and compare; a word where there is nothing to be compared.

    Raises:
        Fault: something differs.
    """
    made = prepared(case, folder, strategy)
    task = made.task
    network = Network(case["width"], case["length"] > 1, case["normed"]).double()
    network.load_state_dict(task.model.state_dict())
    training = {name: task.training.fields[name] for name in ("features", "label", "wanted")}
    reference = Trained(case, network, training)
    loop = Loop(task, str(folder), lambda: False)
    for epoch in range(case["epochs"]):
        try:
            row = loop.run_epoch(Silent())
        except nnspec.SpecError as error:
            if error.diagnostics[0].code == "E0614" and not math.isfinite(reference.epoch(epoch)):
                return "not finite"  # a batch in which nothing counts
            raise
        _same("the loss", row["loss"], reference.epoch(epoch))
        for name, weight in network.state_dict().items():
            _close(name, task.model.state_dict()[name], weight)
        with loop.stored():
            if case["ema"] is not None:
                for name, weight in task.model.named_parameters():
                    _close(f"the average of {name}", weight, reference.average[name])
            _judge(case, task, row)
    return ""


def _judge(case: Case, task: Any, row: dict[str, Any]) -> None:
    """Compare what an epoch says of the part that is held out."""
    network = Network(case["width"], case["length"] > 1, case["normed"]).double()
    network.load_state_dict(task.model.state_dict())
    validation = {name: task.validation.fields[name] for name in ("features", "label", "wanted")}
    held_out = len(validation["label"])
    if "info_nce" not in case["loss"] or held_out <= case["batch"]:  # that is a mean over batches
        _same("the validation loss", row["validation_loss"], judged(network, case["loss"], validation))
    for name, metric in zip(task.metric_names, case["metrics"], strict=True):
        _same(metric, row[name], judged(network, metric, validation))


def _same(what: str, found: Any, wanted: float) -> None:
    if not torch.isclose(torch.tensor(found), torch.tensor(wanted), rtol=CLOSE, atol=CLOSE, equal_nan=True):
        raise Fault(f"{what} differs: {found} is not {wanted}")


def _close(what: str, found: torch.Tensor, wanted: torch.Tensor) -> None:
    if not torch.allclose(found.double(), wanted.double(), rtol=CLOSE, atol=CLOSE * 1e-2, equal_nan=True):
        raise Fault(f"{what} differs by {(found - wanted).abs().max().item():.1e}")


MACHINE = Recipes()

if __name__ == "__main__":
    torch.set_num_threads(1)
    run.main(MACHINE)
