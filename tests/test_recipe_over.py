"""`recipe = "other.nn"`: the recipe of another file holds where a block does not say otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main

COMMON = """
block Penalty(weight): x { mean(x * x) * weight }

model Other {
  input features: float[N, 4]
  output logits = Linear(3)
}

train {
  rate      = 0.1
  penalty   = 0.01
  data      = iris
  optimizer = SGD(lr = rate, momentum = 0.9)
  loss      = cross_entropy(logits, label) + (logits -> Penalty(penalty))
  metrics   = [accuracy(logits, label)]
  epochs    = 9
}
"""
SPEC = """
model Flowers(classes = 3) {
  input features: float[N, 4]
  output logits = body: Linear(8) -> Tanh -> head: Linear(classes)
}
train {
  recipe = "common.nn"
  rate   = 0.5
  epochs = 2
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "common.nn").write_text(COMMON)
    (tmp_path / "flowers.nn").write_text(SPEC)
    return tmp_path / "flowers.nn"


def test_keys_and_values_of_another_file_hold_unless_the_block_says_otherwise(spec: Path) -> None:
    model = nnspec.load(spec)
    assert model.check() == []
    run = model.train(runs=spec.parent / "runs", quiet=True)
    assert len(run.history) == 2 and run.history[0]["learning_rate"] == 0.5 and run.measure == "accuracy"
    spelled = COMMON.replace("model Other", "model Flowers").replace("rate      = 0.1", "rate = 0.5")
    spelled = spelled.replace("output logits = Linear(3)", "output logits = body: Linear(8) -> Tanh -> head: Linear(3)")
    (spec.parent / "whole.nn").write_text(spelled)
    whole = nnspec.load(spec.parent / "whole.nn").train(runs=spec.parent / "runs", quiet=True, epochs=2)
    assert [row["loss"] for row in whole.history] == [row["loss"] for row in run.history]


def test_a_run_has_the_file_and_goes_on_without_the_original(spec: Path) -> None:
    run = nnspec.load(spec).train(runs=spec.parent / "runs", quiet=True)
    (spec.parent / "common.nn").unlink()
    assert (run.folder / "common.nn").read_text() == COMMON
    assert len(nnspec.resume(run.folder, quiet=True, epochs=3).history) == 3


def test_recipes_are_taken_over_through_several_files(spec: Path) -> None:
    (spec.parent / "middle.nn").write_text('train {\n  recipe = "common.nn"\n  batch = 7\n  epochs = 5\n}\n')
    spec.write_text(SPEC.replace("common.nn", "middle.nn"))
    run = nnspec.load(spec).train(runs=spec.parent / "runs", quiet=True, epochs=1)
    assert run.history[0]["steps"] == 17  # of seven samples, and the rest


def test_mistakes_in_a_recipe_that_is_taken_over_have_their_place_there(spec: Path) -> None:
    (spec.parent / "common.nn").write_text(COMMON.replace("momentum", "momentun"))
    told = CliRunner().invoke(main, ["check", str(spec)]).output
    assert "common.nn:13:30" in told and "did you mean `momentum`?" in told
    spec.write_text(SPEC.replace('"common.nn"', "3"))
    assert "the path of a spec" in CliRunner().invoke(main, ["check", str(spec)]).output
    spec.write_text(SPEC.replace("common.nn", "commons.nn"))
    told = CliRunner().invoke(main, ["check", str(spec)]).output
    assert "there is no such file" in told and "did you mean common.nn?" in told
    set_outside = CliRunner().invoke(main, ["train", str(spec.parent / "common.nn"), "--set", "recipe=other.nn"])
    assert set_outside.exit_code == 1 and "is named in the spec" in set_outside.output
