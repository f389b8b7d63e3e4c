"""Optimizers and schedules of a recipe: those of torch, step by step, and a run that goes on in the middle of one."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file
from torch.optim import lr_scheduler

import nnspec
from nnspec.cli.main import main
from nnspec.recipe import schedules
from nnspec.recipe.choice import CHOICES
from nnspec.recipe.optimizers import Optimizer
from nnspec.recipe.plan import read_plan
from nnspec.recipe.schedules import Schedule
from nnspec.run import Run
from nnspec.train.batch import Batch
from nnspec.train.network import Network
from nnspec.train.order import Balanced
from nnspec.train.pace import Course, Pace
from nnspec.train.rows import SCHEDULES, register_schedule
from nnspec.train.schedule import pace
from nnspec.train.task import PhaseTask
from nnspec.train.turns import Turns

SPEC = """
model Flowers(classes = 3) {
  input features: float[N, 4]
  output logits = body: Linear(8) -> Tanh -> head: Linear(classes)
}
train {
  data  = iris
  batch = 30
}
"""
OTHER_WORDS = {"constant", "cosine", "linear", "step"}
OF_NO_NUMBER = {"self", "params", "foreach", "fused", "maximize", "capturable", "differentiable"}
# arguments for a short run, in which every optimizer has a state that matters
ARGUMENTS = {
    "SGD": "lr = 0.1, momentum = 0.9, dampening = 0.1, weight_decay = 1e-3",
    "Adam": "lr = 0.01, amsgrad = true, weight_decay = 0.01, decoupled_weight_decay = true",
    "AdamW": "lr = 0.01",
    "RMSprop": "momentum = 0.5, centered = true",
    "Adagrad": "initial_accumulator_value = 0.1",
    "ASGD": "lr = 0.1, t0 = 2, lambd = 0.01",
    "LBFGS": 'lr = 0.5, max_iter = 4, history_size = 3, line_search_fn = "strong_wolfe"',
    "Muon": "lr = 0.02, others = SGD(lr = 0.1, momentum = 0.9)",
}


def train(folder: Path, **recipe: object) -> Run:
    return nnspec.loads(SPEC).train(runs=folder, quiet=True, **recipe)


def test_every_optimizer_of_torch_has_its_own_name_arguments_and_defaults() -> None:
    known = dict(CHOICES["optimizer"])
    for name in torch.optim.__all__:
        cls = getattr(torch.optim, name)
        if inspect.isclass(cls) and name not in ("Optimizer",):
            own = {key: field.default for key, field in known.pop(name).model_fields.items() if key != "others"}
            theirs = {key: each.default for key, each in inspect.signature(cls).parameters.items()}
            assert own.keys() == theirs.keys() - OF_NO_NUMBER, name
            assert {key: value for key, value in own.items() if value != theirs[key]} == (
                {"lr": 0.01} if name == "SGD" else {}
            )
    assert not known


@pytest.mark.parametrize("name", list(CHOICES["optimizer"]))
def test_a_run_by_each_optimizer_is_that_of_torch_and_goes_on_to_the_same_bits(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = {"optimizer": f"{name}({ARGUMENTS.get(name, '')})"}
    half = train(tmp_path, epochs=2, **recipe)
    half = nnspec.resume(half.folder, quiet=True, epochs=4)
    batches: list[Batch] = []
    original = Network.loss

    def loss(self: Network, phase: PhaseTask, batch: Batch) -> torch.Tensor:
        if not batches or batch is not batches[-1]:
            batches.append(batch)
        return original(self, phase, batch)

    monkeypatch.setattr(Network, "loss", loss)
    whole = train(tmp_path, epochs=4, **recipe)
    ours, resumed = load_file(whole.last_weights), load_file(half.last_weights)
    assert all(torch.equal(value, resumed[key]) for key, value in ours.items())
    model = nnspec.loads(SPEC)
    assert model.declarations is not None
    choice = read_plan(model.declarations, model.name, recipe).recipe.optimizer
    seen = [(batch.values["features"], batch.values["label"]) for batch in batches]
    start = train(tmp_path, epochs=1, optimizer="SGD(lr = 1e-30)")
    theirs = by_hand(choice, load_file(start.last_weights), seen)
    for key, value in ours.items():
        torch.testing.assert_close(value, theirs[key], rtol=2e-4, atol=2e-6)


def by_hand(
    choice: Optimizer, start: dict[str, torch.Tensor], batches: list[tuple[torch.Tensor, torch.Tensor]]
) -> dict[str, torch.Tensor]:
    """The weights after a loop that anybody would write."""
    name = choice.word
    model = torch.nn.Sequential()
    model.body, model.head = torch.nn.Linear(4, 8), torch.nn.Linear(8, 3)  # type: ignore[assignment]
    model.load_state_dict(start)
    options = choice.model_dump(exclude={"others"})
    parameters = list(model.parameters())
    if name == "Muon":
        made = [torch.optim.Muon([each for each in parameters if each.ndim == 2], **options)]
        made.append(torch.optim.SGD([each for each in parameters if each.ndim != 2], lr=0.1, momentum=0.9))
    else:
        made = [getattr(torch.optim, name)(parameters, **options)]
    for features, label in batches:

        def closure(features: torch.Tensor = features, label: torch.Tensor = label) -> torch.Tensor:
            for each in parameters:
                each.grad = None
            loss = torch.nn.functional.cross_entropy(model.head(torch.tanh(model.body(features))), label)
            loss.backward()
            for each in parameters if name == "SparseAdam" else ():
                assert each.grad is not None
                each.grad = each.grad.to_sparse(1)
            return loss

        if name != "LBFGS":
            closure()
        for optimizer in made:
            optimizer.step(closure) if name == "LBFGS" else optimizer.step()
    return model.state_dict()


TORCH: dict[str, tuple[Schedule, Callable[[torch.optim.Optimizer], Any]]] = {
    "StepLR": (schedules.StepLR(step_size=3, gamma=0.5), lambda o: lr_scheduler.StepLR(o, 3, 0.5)),
    "MultiStepLR": (
        schedules.MultiStepLR(milestones=(2, 5), gamma=0.3),
        lambda o: lr_scheduler.MultiStepLR(o, [2, 5], 0.3),
    ),
    "ConstantLR": (schedules.ConstantLR(total_iters=3), lambda o: lr_scheduler.ConstantLR(o, total_iters=3)),
    "LinearLR": (schedules.LinearLR(start_factor=0.1), lambda o: lr_scheduler.LinearLR(o, 0.1)),
    "ExponentialLR": (schedules.ExponentialLR(gamma=0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "PolynomialLR": (
        schedules.PolynomialLR(total_iters=7, power=2.0),
        lambda o: lr_scheduler.PolynomialLR(o, 7, 2.0),
    ),
    "CosineAnnealingLR": (
        schedules.CosineAnnealingLR(T_max=4, eta_min=0.01),
        lambda o: lr_scheduler.CosineAnnealingLR(o, 4, 0.01),
    ),
    "CosineAnnealingWarmRestarts": (
        schedules.CosineAnnealingWarmRestarts(T_0=2, T_mult=2),
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 2),
    ),
    "OneCycleLR": (
        schedules.OneCycleLR(by="epoch", pct_start=0.4, three_phase=True),
        lambda o: lr_scheduler.OneCycleLR(o, 0.5, total_steps=9, pct_start=0.4, three_phase=True),
    ),
    "CyclicLR": (
        schedules.CyclicLR(base_lr=0.1, max_lr=0.9, step_size_up=2, by="epoch", mode="triangular2"),
        lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.9, 2, mode="triangular2"),
    ),
    "SequentialLR": (
        schedules.SequentialLR(
            schedulers=(schedules.LinearLR(total_iters=3), schedules.ExponentialLR(gamma=0.5)), milestones=(3,)
        ),
        lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, total_iters=3), lr_scheduler.ExponentialLR(o, 0.5)], [3]
        ),
    ),
    "ChainedScheduler": (
        schedules.ChainedScheduler(schedulers=(schedules.ConstantLR(factor=0.1), schedules.ExponentialLR(gamma=0.9))),
        lambda o: lr_scheduler.ChainedScheduler(
            [lr_scheduler.ConstantLR(o, 0.1), lr_scheduler.ExponentialLR(o, 0.9)], o
        ),
    ),
}


def test_every_schedule_of_torch_is_there_but_those_made_of_functions() -> None:
    words = set(CHOICES["schedule"])
    theirs = set(lr_scheduler.__all__) - {"LRScheduler", "LambdaLR", "MultiplicativeLR"}
    assert words - OTHER_WORDS == theirs == {*TORCH, "ReduceLROnPlateau"}


@pytest.mark.parametrize("name", TORCH)
def test_a_schedule_gives_what_torch_gives_epoch_by_epoch_and_after_a_resume(name: str) -> None:
    choice, begin = TORCH[name]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5, momentum=0.5)
    wanted = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = begin(optimizer)
        for _ in range(9):
            group = optimizer.param_groups[0]
            wanted.append((group["lr"], group["momentum"] if "cycle_momentum" in type(choice).model_fields else None))
            optimizer.step()
            if len(wanted) < 9:
                scheduler.step()
    run = Course(0.5, 2, 9, list)
    whole, later = pace(choice, run), pace(choice, run)
    assert [tuple(whole(2 * epoch + half)) for epoch in range(9) for half in (0, 1)] == [
        each for each in wanted for _ in (0, 1)
    ]
    assert tuple(later(2 * 7 + 1)) == wanted[7]
    assert tuple(later(2 * 3)) == wanted[3]  # backwards, too
    warmed = pace(choice.model_copy(update={"warmup": 4}), run)
    assert [warmed(step).rate for step in range(6)] == [whole(step).rate * min(1, (step + 1) / 4) for step in range(6)]


def test_a_plateau_follows_the_history_and_needs_no_state_of_its_own(tmp_path: Path) -> None:
    recipe = {"schedule": 'ReduceLROnPlateau(factor = 0.5, patience = 0, threshold = 0.5, of = "validation_loss")'}
    whole = train(tmp_path, epochs=6, **recipe)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    theirs = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0, threshold=0.5)
    for row in whole.history:
        assert row["learning_rate"] == optimizer.param_groups[0]["lr"]
        assert row["validation_loss"] is not None
        theirs.step(row["validation_loss"])
    assert whole.history[-1]["learning_rate"] == 1e-3 / 2**4
    part = nnspec.resume(train(tmp_path, epochs=3, **recipe).folder, quiet=True, epochs=6)
    assert [row["learning_rate"] for row in part.history] == [row["learning_rate"] for row in whole.history]
    by_score = train(tmp_path, epochs=2, schedule="ReduceLROnPlateau(patience = 0)")
    assert by_score.measure == "accuracy"


def test_one_cycle_moves_the_momentum_of_either_kind_of_optimizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    original = Turns.finish

    def finish(self: Any, index: int) -> None:
        group = self.groups[0]
        seen.append(group["momentum"] if "momentum" in group else group["betas"][0])
        original(self, index)

    monkeypatch.setattr(Turns, "finish", finish)
    for optimizer in ("SGD", "AdamW"):
        seen.clear()
        train(tmp_path, epochs=5, optimizer=optimizer, schedule="OneCycleLR(pct_start = 0.5)")
        assert max(seen) == pytest.approx(0.95) and min(seen) == pytest.approx(0.85, abs=1e-3)
    with pytest.raises(nnspec.SpecError, match="moves the momentum, and Adagrad has none"):
        train(tmp_path, optimizer="Adagrad", schedule="OneCycleLR")


def test_an_argument_of_a_choice_is_set_from_outside_and_checked(tmp_path: Path) -> None:
    spec = SPEC.replace("batch = 30", "batch = 30\n  optimizer = SGD(0.1, momentum = 0.9)\n  schedule = cosine(5)")
    model = nnspec.loads(spec)
    run = model.train(runs=tmp_path, quiet=True, epochs=1, **{"optimizer.lr": 0.5, "schedule.warmup": 0})
    assert run.history[0]["learning_rate"] == pytest.approx(0.5 * 0.5 * (1 + torch.cos(torch.tensor(3 / 4 * torch.pi))))
    for key, told in {
        "optimizer.lrr": "SGD has no parameter lrr",
        "optimizer.lr.x": "lr of SGD has no arguments",
        "epochs.lr": "epochs is a plain value",
        "optimiser.lr": "a recipe has no key optimiser",
        "augment.mixup.alpha": "there is nothing in it",
    }.items():
        with pytest.raises(nnspec.SpecError, match=told):
            model.train(runs=tmp_path, quiet=True, **{key: 1})
    with pytest.raises(nnspec.SpecError, match="must be greater than 0"):
        model.train(runs=tmp_path, quiet=True, **{"optimizer.lr": -1})
    again = nnspec.resume(run.folder, quiet=True, epochs=2, **{"optimizer.lr": 0.25})
    assert again.history[1]["learning_rate"] < 0.25
    last = nnspec.resume(run.folder, quiet=True, epochs=3, optimizer="SGD(0.125, momentum = 0.9)", schedule="constant")
    assert last.history[2]["learning_rate"] == 0.125  # what was set of another one is forgotten


def test_a_schedule_of_ones_own_is_registered_and_followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(CHOICES, "schedule", dict(CHOICES["schedule"]))
    monkeypatch.setattr(SCHEDULES, "rows", dict(SCHEDULES.rows))

    class Halving(Schedule, word="halving"):
        """It halves at every step."""

    @register_schedule(Halving)
    def halving(choice: Halving, course: Course) -> Callable[[int], Pace]:
        return lambda step: Pace(course.highest / 2**step)

    run = train(tmp_path, epochs=1, schedule="halving")
    assert run.history[0]["learning_rate"] == 1e-3 / 2**3


def test_the_norm_and_the_noise_of_gradients_are_those_of_single_samples(tmp_path: Path) -> None:
    spec = """
    model Line { input features: float[N, 4]  output y = weight: Linear(1, bias = false) -> Flatten }
    train {
      data = made
      loss = mean((y - label) * (y - label))
      normalize = false
    }
    """.replace("made", f'arrays("{tmp_path / "line.npz"}")').replace("]  output", "]\n output")
    draws = torch.Generator().manual_seed(0)
    features = torch.randn(4000, 4, generator=draws)
    label = (features @ torch.tensor([1.0, 2.0, -1.0, 0.5]) + torch.randn(4000, generator=draws))[:, None]
    np.savez(tmp_path / "line.npz", features=features.numpy(), label=label.numpy())
    recipe = {"optimizer": "SGD(lr = 1e-30)", "watch": ("gradient_norm", "gradient_noise"), "split": 0.01}
    run = nnspec.loads(spec).train(runs=tmp_path, quiet=True, epochs=2, batch=8, **recipe)
    weight = load_file(run.last_weights)["weight.weight"]
    each = 2 * (features @ weight.T - label) * features  # the gradient of each sample
    mean, noise = each.mean(0), each.var(0).sum()
    for row in run.history:
        assert row["gradient_noise"] == pytest.approx(float(noise / mean.square().sum()), rel=0.25)
        expected = float((mean.square().sum() + noise / 8).sqrt())
        assert row["gradient_norm"] == pytest.approx(expected, rel=0.1)
    clipped = nnspec.loads(spec).train(runs=tmp_path, quiet=True, epochs=1, batch=8, clip=1e-3, **recipe)
    assert clipped.history[0]["gradient_norm"] == run.history[0]["gradient_norm"]
    assert "gradient_noise" not in train(tmp_path, epochs=1, watch=("gradient_norm",)).history[0]


def test_each_class_comes_equally_often_and_every_sample_comes_in_time(tmp_path: Path) -> None:
    labels = np.array([0] * 90 + [1] * 9 + [4])
    order = Balanced(labels, 30, seed=5)
    epochs = [order.samples(epoch, 0, len(order.sizes)) for epoch in range(4)]
    for each in epochs:
        assert sorted(np.unique(labels[each], return_counts=True)[1]) == [33, 33, 34]
        assert set(each[labels[each] == 1]) == set(range(90, 99))
    frequent = np.concatenate([each[labels[each] == 0] for each in epochs])
    assert max(np.unique(frequent[:90], return_counts=True)[1]) <= 2 and len(np.unique(frequent)) == 90
    assert not np.array_equal(epochs[0], epochs[1])
    assert np.array_equal(order.samples(2, 1, 3), epochs[2][30:90])  # at any place of an epoch
    run = train(tmp_path, epochs=2, balanced="label")
    half = nnspec.resume(train(tmp_path, epochs=1, balanced="label").folder, quiet=True, epochs=2)
    assert half.history[1]["loss"] == run.history[1]["loss"]
    assert run.history[0]["loss"] != train(tmp_path, epochs=1).history[0]["loss"]
    with pytest.raises(nnspec.SpecError, match="name one of label"):
        train(tmp_path, balanced="features")


def test_the_finder_names_a_rate_at_which_the_loss_falls_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("flowers.nn").write_text(SPEC)
    before = torch.get_rng_state()
    found = nnspec.load("flowers.nn").find_learning_rate(highest=1000, optimizer="SGD")
    assert torch.equal(before, torch.get_rng_state())
    assert 0.01 < found.suggestion < found.least < 100
    assert found.rates[0] == 1e-7 and len(found.rates) == len(found.losses) == len(found.smooth)
    again = nnspec.load("flowers.nn").find_learning_rate(highest=1000, optimizer="SGD", schedule="cosine(100)")
    assert again.losses == found.losses  # the schedule is set aside
    told = CliRunner().invoke(
        main, ["find-lr", "flowers.nn", "--to", "1000", "--set", "optimizer=SGD", "-o", "rates.png"]
    )
    assert told.exit_code == 0 and f"try --set optimizer.lr={found.suggestion:.2g}" in told.output
    with Image.open("rates.png") as picture:
        assert picture.size == (640, 360)
    found.save("rates.csv")
    assert Path("rates.csv").read_text().startswith("learning_rate,loss,smooth_loss\n1e-07,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["flowers.nn", "rates.csv", "rates.png"]


def test_what_torch_has_and_a_text_cannot_say_is_told_with_a_way_out(tmp_path: Path) -> None:
    for recipe, told in (
        ({"schedule": "LambdaLR(3)"}, "register a schedule of your own"),
        ({"optimizer": "SGD(0.1, fused = true)"}, "the fastest form is chosen"),
        ({"optimizer": "Adam(maximize = true)"}, "let the loss be what is to fall"),
        ({"schedule": "OneCycleLR(0.1, epochs = 3)"}, "OneCycleLR has no parameter epochs"),
    ):
        with pytest.raises(nnspec.SpecError, match=told):
            train(tmp_path, **recipe)
