"""What a recipe can ask of the loop: parts of a model, averaged weights, accumulation, precision, stopping early."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from safetensors.torch import load_file

import nnspec
from nnspec.cli.main import main
from nnspec.run import Run
from nnspec.train import epochs
from nnspec.train.clock import Clock, show_time
from nnspec.train.confusion import RIGHT, WRONG, confusion_picture
from nnspec.train.display import FILE
from nnspec.train.loop import Loop

SPEC = """
model Parts(classes = 3) {
  input features: float[N, 4]
  body: { Linear(8) -> BatchNorm1d -> ReLU }
  output logits = head: Linear(classes)
}

train {
  data      = iris
  optimizer = AdamW(lr = 1e-2, weight_decay = 0.1)
  epochs    = 4
  batch     = 30
}
"""


def train(folder: Path, **recipe: object) -> Run:
    return nnspec.loads(SPEC).train(runs=folder, quiet=True, **recipe)


def weights(run: Run) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(run.last_weights)
    return found


def test_flowers_are_told_apart(tmp_path: Path) -> None:
    result = train(tmp_path, epochs=40)
    assert result.best is not None and result.best > 0.9


def test_a_batch_in_parts_has_the_gradients_of_the_whole(tmp_path: Path) -> None:
    spec = SPEC.replace(" -> BatchNorm1d", "")
    whole, parts = (
        nnspec.loads(spec).train(runs=tmp_path, quiet=True, accumulate=n, optimizer="SGD(lr = 0.1)") for n in (1, 4)
    )
    for left, right in zip(weights(whole).values(), weights(parts).values(), strict=True):
        torch.testing.assert_close(left, right)


def test_a_last_layer_is_dropped_and_the_rest_starts_from_a_file(tmp_path: Path) -> None:
    before = train(tmp_path)
    spec = SPEC.replace("classes = 3", "classes = 5")
    recipe = {"weights": f'"{before.last_weights}"', "freeze": "[body]"}
    with pytest.raises(nnspec.SpecError, match=r"head.weight"):
        nnspec.loads(spec).train(runs=tmp_path, quiet=True, **recipe)
    after = nnspec.loads(spec).train(runs=tmp_path, quiet=True, drop="[head]", **recipe)
    old, new = weights(before), weights(after)
    assert new["head.weight"].shape == (5, 8)
    assert all(torch.equal(old[key], new[key]) for key in old if key.startswith("body."))  # its statistics, too
    with pytest.raises(nnspec.SpecError, match="did you mean `head`"):
        train(tmp_path, weights=recipe["weights"], drop="[hed]")


def test_frozen_parts_thaw_after_some_epochs_and_the_run_can_be_resumed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = train(tmp_path, freeze="[body]", epochs=2)
    whole = train(tmp_path, freeze="[body]", thaw=2)
    new = nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, epochs=1, optimizer="SGD(lr = 1e-30)")
    start = weights(new)["body.0.weight"]
    assert torch.equal(weights(still)["body.0.weight"], start)
    assert not torch.equal(weights(whole)["body.0.weight"], start)

    class Killed(BaseException):
        pass

    step = Loop._step

    def dies(loop: Loop, order: torch.Tensor) -> None:
        if (loop.position.epoch, loop.position.step) == (3, 1):
            raise Killed
        step(loop, order)

    monkeypatch.setattr(Loop, "_step", dies)
    with pytest.raises(Killed):
        nnspec.loads(SPEC).train(runs=tmp_path, name="part", quiet=True, freeze="[body]", thaw=2, ema=0.9)
    monkeypatch.undo()
    again = nnspec.resume(tmp_path / "part", quiet=True)
    expected = train(tmp_path, freeze="[body]", thaw=2, ema=0.9)
    assert all(torch.equal(x, y) for x, y in zip(weights(again).values(), weights(expected).values(), strict=True))


def test_parts_have_learning_rates_of_their_own(tmp_path: Path) -> None:
    slow = train(tmp_path, rates='[["body", 0]]', decay='"matrices"')
    start = train(tmp_path, optimizer="SGD(lr = 1e-30)")
    assert torch.equal(weights(slow)["body.0.weight"], weights(start)["body.0.weight"])
    assert not torch.equal(weights(slow)["head.weight"], weights(start)["head.weight"])
    with pytest.raises(nnspec.SpecError, match="`bdy` is no part of the model"):
        train(tmp_path, rates='[["bdy", 0.1]]')


def test_only_matrices_decay_where_the_recipe_says_so(tmp_path: Path) -> None:
    # no gradient reaches the weights: what changes, decays
    recipe = {"loss": "mean(0 * logits)", "optimizer": "AdamW(lr = 1e-2, weight_decay = 0.5)"}
    start = weights(train(tmp_path, optimizer="SGD(lr = 1e-30)"))
    found = weights(train(tmp_path, decay='"matrices"', **recipe))
    trained = [key for key in found if key.endswith(("weight", "bias"))]
    kept = {key for key in trained if torch.allclose(found[key], start[key], rtol=1e-6, atol=1e-20)}
    assert kept == {"body.0.bias", "body.1.weight", "body.1.bias", "head.bias"}


def test_averaged_weights_warm_up_and_the_raw_ones_are_kept_beside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, averaged = train(tmp_path), nnspec.loads(SPEC).train(runs=tmp_path, ema=0.999)
    raw: dict[str, torch.Tensor] = load_file(averaged.folder / "raw.safetensors")
    assert all(torch.equal(raw[name], weight) for name, weight in weights(plain).items())
    assert "raw.safetensors has those of the last step" in capsys.readouterr().out
    # 16 steps: a decay of 0.999 alone would still be at the weights of the beginning
    start = weights(train(tmp_path, optimizer="SGD(lr = 1e-30)"))["head.weight"]
    behind, moved = ((raw["head.weight"] - other).norm() for other in (weights(averaged)["head.weight"], start))
    assert 0 < behind < 0.5 * moved


def test_a_metric_that_is_never_a_number_has_no_best_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = "accuracy(logits, label) / 0 * mean(0 * logits)"
    result = nnspec.loads(SPEC).train(runs=tmp_path, metrics=f"[{nothing}]", better='"higher"', epochs=1)
    assert result.best is None and result.best_weights == result.last_weights
    assert not (result.folder / "best.safetensors").exists() and "was never a number" in capsys.readouterr().out


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples(tmp_path: Path) -> None:
    # nothing is learnt, so that it is the loss of all 120 samples, of which the last batch has 20
    recipe = {"loss": "mse(features, 0)", "optimizer": "SGD(lr = 1e-30)", "epochs": 1, "freeze": "[body]"}
    losses = [
        train(tmp_path, batch=size, **{**recipe, "loss": "mse(features, 0) + 0 * mean(logits)"}).history[0]["loss"]
        for size in (50, 120)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_parts_are_never_of_one_sample_where_statistics_are_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nnspec.loads(SPEC).train(runs=tmp_path, batch=5, accumulate=4, epochs=1)
    assert "batch normalisation takes its statistics from each part" in capsys.readouterr().out
    with pytest.raises(nnspec.SpecError) as caught:
        train(tmp_path, batch=1)
    assert caught.value.diagnostics[0].code == "E0618" and "make the batch larger" in str(caught.value)


def test_a_run_without_progress_stops_early_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = nnspec.loads(SPEC).train(runs=tmp_path, early_stopping=2, epochs=50, optimizer="SGD(lr = 1e-30)")
    assert len(result.history) == result.best_epoch + 2 < 50 and result.interrupted is None
    assert "stopped early: nothing better since epoch" in capsys.readouterr().out


def test_bfloat16_learns_too(tmp_path: Path) -> None:
    result = train(tmp_path, precision='"bfloat16"', epochs=40)
    assert result.best is not None and result.best > 0.9
    assert all(tensor.dtype != torch.bfloat16 for tensor in weights(result).values())


def test_a_run_shows_its_curves_and_what_a_classifier_confuses(tmp_path: Path) -> None:
    result = train(tmp_path, epochs=12)
    with Image.open(result.folder / "curves.png") as picture:
        array = np.asarray(picture)
    assert array.shape == (440, 640, 3)
    for panel in (array[:220], array[220:]):  # loss and accuracy
        assert (panel[30:190, 60:] == (31, 119, 180)).all(2).sum() > 100
    rows = list(csv.reader((result.folder / "confusion.csv").open()))
    assert rows[0] == ["label", "setosa", "versicolor", "virginica"] and [row[0] for row in rows[1:]] == rows[0][1:]
    counts = [[int(cell) for cell in row[1:]] for row in rows[1:]]
    right, total = sum(counts[index][index] for index in range(3)), sum(map(sum, counts))
    assert total == 30 and right / total == pytest.approx(result.history[-1]["accuracy"])


def test_an_autoencoder_shows_pictures_above_what_it_makes_of_them(tmp_path: Path) -> None:
    spec = "model Same {\n  input image: float[N, 1, 8, 8]\n  output recon = ReLU\n  scale = Parameter([])\n  output scale\n}\n"
    spec += "train { loss = mse(recon, image) + scale * scale\n  epochs = 1 }"
    result = nnspec.loads(spec).train(runs=tmp_path, quiet=True)
    with Image.open(result.folder / "samples.png") as picture:
        array = np.asarray(picture)
    assert array.shape == (17, 71)  # with a line between pictures
    assert np.array_equal(array[:8], array[9:]) and array.max() == 255


def test_runs_are_compared_side_by_side(tmp_path: Path) -> None:
    train(tmp_path, name="short", epochs=1, optimizer="AdamW(lr = 0.1)")
    long = train(tmp_path, name="long", epochs=3, batch=20)
    (tmp_path / "no_run").mkdir()
    result = CliRunner().invoke(main, ["runs", str(tmp_path)])
    head, first, second = result.output.splitlines()
    assert head.split()[:3] == ["run", "model", "epochs"] and "accuracy" in head
    assert first.split()[:3] == ["long", "Parts", "3/3"] and second.split()[:3] == ["short", "Parts", "1/1"]
    both = json.loads(CliRunner().invoke(main, ["runs", str(tmp_path), "--json"]).output)
    assert both[0]["best"] == pytest.approx(long.best) and both[0]["in epoch"] == long.best_epoch
    assert [each["recipe"] for each in both] == [
        {"optimizer": "AdamW(lr = 0.01, weight_decay = 0.1)", "batch": 20},
        {"optimizer": "AdamW(lr = 0.1, weight_decay = 0.01)", "batch": 30},
    ]
    result = CliRunner().invoke(main, ["runs", str(tmp_path / "no_run")])
    assert result.exit_code == 1 and "error[E0619]" in result.output


def test_runs_that_are_not_finished_or_damaged_are_told_apart(tmp_path: Path) -> None:
    for name in ("whole", "changed", "lacking"):
        train(tmp_path, name=name, epochs=2)
    with pytest.raises(nnspec.SpecError):
        train(tmp_path, name="begun", optimizer="SGD(lr = 1e38)")
    settings = tmp_path / "changed" / "run.json"
    settings.write_text(settings.read_text().replace('"epochs": 2', '"epochs": 9'))
    (tmp_path / "lacking" / "metrics.csv").unlink()
    result = CliRunner().invoke(main, ["runs", str(tmp_path)])
    assert result.exit_code == 0
    assert [line.split()[:3] for line in result.stdout.splitlines()[1:]] == [
        ["begun", "Parts", "0/4"],
        ["whole", "Parts", "2/2"],
    ]
    assert "run.json was changed or damaged" in result.stderr and "metrics.csv is missing" in result.stderr


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"optimizer": "SGD(lr = 1e38)"}, "the first layer to give such a number is body.1"),
        ({"loss": "mean(log(0 * logits))"}, "it arises behind all layers"),
        (
            {"loss": "mse(logits, 0) + sqrt(sum((logits - logits) ** 2))"},
            "at step 1 the loss is a number, and the gradient of sqrt",
        ),
    ],
)
def test_a_loss_that_is_not_finite_names_the_layer_where_it_begins(
    recipe: dict[str, str], words: str, tmp_path: Path
) -> None:
    with pytest.raises(nnspec.SpecError) as caught:
        train(tmp_path, **recipe)
    (found,) = caught.value.diagnostics
    assert found.code == "E0614" and words in found.notes[0] and str(tmp_path) in found.notes[1]


def test_a_confusion_can_be_looked_at_with_few_classes_and_many() -> None:
    counts = torch.tensor([[5, 1], [0, 4]])
    picture = np.asarray(confusion_picture("kind", ["cat", "dog"], counts))
    colors = {tuple(color) for color in picture.reshape(-1, 3)}
    assert RIGHT in colors and WRONG not in colors  # all of the dogs were found; one of six cats was not
    many = torch.eye(500, dtype=torch.long)
    assert max(confusion_picture("kind", [f"the class {n} of many" for n in range(500)], many).size) < 1200


def test_what_an_epoch_gave_is_written_for_tensorboard_too(tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    result = train(tmp_path, name="run", epochs=2, callbacks=["tensorboard"])
    more = nnspec.resume(result.folder, quiet=True, epochs=3, callbacks=["tensorboard"])
    board = events.EventAccumulator(str(result.folder / "tensorboard"))
    board.Reload()
    accuracy = [(event.step, event.value) for event in board.Scalars("accuracy")]
    assert accuracy == [(row["epoch"], pytest.approx(row["accuracy"])) for row in more.history]
    assert [event.step for event in board.Images("confusion")] == [2, 3]


def test_tensorboard_is_asked_for_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnspec.extras.find_spec", lambda name: None if name == "tensorboard" else name)
    with pytest.raises(nnspec.SpecError, match="tensorboard") as caught:
        train(tmp_path, callbacks=["tensorboard"])
    assert caught.value.diagnostics[0].help == 'install it: pip install "nnspec[tensorboard]"'


def test_samples_that_are_drawn_in_between_do_not_change_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = "sample = normal([batch, 4]) -> Reshape([batch, 1, 2, 2])"
    spec = SPEC.replace("epochs    = 4", f"epochs = 4\n  {noise}").replace("-> ReLU", "-> ReLU -> Dropout(0.1)")
    plain = nnspec.loads(spec).train(runs=tmp_path, quiet=True)
    monkeypatch.setattr(Clock, "due", lambda clock: clock.seconds == epochs.DRAWN_EVERY)
    drawn = nnspec.loads(spec).train(runs=tmp_path, quiet=True)
    assert all(torch.equal(x, y) for x, y in zip(weights(plain).values(), weights(drawn).values(), strict=True))
    assert (plain.folder / "samples.png").read_bytes() == (drawn.folder / "samples.png").read_bytes()


def test_a_log_file_gets_a_line_an_epoch_and_one_a_minute_with_the_time_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Clock, "due", lambda clock: clock.seconds == FILE)
    nnspec.loads(SPEC).train(runs=tmp_path, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    steps = [line for line in lines if line.startswith("step ")]
    assert [line.split("  ")[0] for line in steps] == [f"step {n}/8" for n in range(1, 9)]
    assert "accuracy" not in steps[3] and "accuracy" in steps[4] and steps[4].endswith(" left")
    assert len([line for line in lines if line.startswith("epoch ")]) == 2


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (61, "1:01"), (3599.6, "1:00:00"), (90061, "25:01:01")])
def test_times_are_shown_as_on_a_clock(seconds: float, shown: str) -> None:
    assert show_time(seconds) == shown
