"""Which values are better, and what losses are given: told from the recipe, before a step is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nnspec
from nnspec.cli.main import main
from nnspec.dims import symbol
from nnspec.layers.tensor_type import TensorType
from nnspec.recipe.objective import elaborate_objective
from nnspec.recipe.plan import read_plan

MODEL = """
model M {
  input image: float[N, 1, 8, 8]
  Flatten -> hidden: Linear(16) -> ReLU
  h = _
  output logits = h -> head: Linear(10)
  output code = h
  output again = h -> back: Linear(64) -> Reshape([N, 1, 8, 8])
}
train {
  data = digits
  VALUES
  loss = cross_entropy(logits, label)
  metrics = [METRIC]
  EXTRA
}
"""


def check(folder: Path, spec: str) -> Result:
    path = folder / "m.nn"
    path.write_text(spec)
    return CliRunner().invoke(main, ["check", str(path)], catch_exceptions=False)


def judged(folder: Path, metric: str, extra: str = "", values: str = "") -> Result:
    return check(folder, MODEL.replace("METRIC", metric).replace("EXTRA", extra).replace("VALUES", values))


def way(metric: str) -> str | None:
    """The direction of a metric over the outputs of the model."""
    model = nnspec.loads(MODEL.replace("METRIC", metric).replace("EXTRA", "").replace("VALUES", ""))
    assert model.declarations is not None
    n = symbol("N")
    fields = {"image": TensorType("float", (n, 1, 8, 8)), "label": TensorType("int", (n,))}
    return elaborate_objective(read_plan(model.declarations, "M"), model.program, fields, n).better


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("accuracy(logits, label)", "higher"),
        ("100 * accuracy(logits, label)", "higher"),
        ("1 - accuracy(logits, label)", "lower"),
        ("-accuracy(logits, label)", "lower"),
        ("cross_entropy(logits, label)", "lower"),
        ("-cross_entropy(logits, label)", "higher"),
        ("exp(cross_entropy(logits, label))", "lower"),
        ("cross_entropy(logits, label) / log(2)", "lower"),
        ("cross_entropy(logits, label) / -2", "higher"),
        ("1 / cross_entropy(logits, label)", "higher"),
        ("-1 / cross_entropy(logits, label)", "lower"),
        ("(accuracy(logits, label) + mean_iou(logits, label)) / 2", "higher"),
        ("accuracy(logits, label) * mean_iou(logits, label)", "higher"),
        ("accuracy(logits, label) - cross_entropy(logits, label)", "higher"),
        ("accuracy(logits, label) / (1 + cross_entropy(logits, label))", "higher"),
        ("accuracy(logits, label) + cross_entropy(logits, label)", None),
        ("sqrt(mse(again, image))", "lower"),
        ("mean((again - image) ** 2)", "lower"),
        ("mean(abs(image - again))", "lower"),
        ("norm(again - image) / norm(image)", "lower"),
        ("-10 * log10(mse(again, image))", "higher"),
        ("1 - 0.5 * mean(abs(image - again))", "higher"),
        ("mean((again - 2 * again) ** 2)", None),
        ("mean(code)", None),
        ("mean(code - code) / mean(code - code)", None),
        ("accuracy(logits, label) ** 2", "higher"),
        ("(1 - accuracy(logits, label)) ** 2", None),
        ("(2 * accuracy(logits, label)) ** -1.0", "lower"),
        ("mean(cosine_similarity(code, code))", None),
        ("accuracy(logits, label) * mean(code)", None),
    ],
)
def test_the_direction_of_a_metric_follows_through_arithmetic(metric: str, better: str | None) -> None:
    assert way(metric) == better


def test_a_metric_whose_direction_is_not_known_is_asked_about_and_it_can_be_stated(tmp_path: Path) -> None:
    asked = judged(tmp_path, "mean(code)")
    assert asked.exit_code == 0 and "warning[W0646]" in asked.output and 'better = "higher"' in asked.output
    stopping = judged(tmp_path, "mean(code)", "early_stopping = 3")
    assert stopping.exit_code == 1 and "error[E0640]" in stopping.output
    stated = judged(tmp_path, "mean(code)", 'early_stopping = 3\n  better = "lower"')
    assert stated.exit_code == 0 and "warning" not in stated.output


def test_what_is_better_needs_a_metric(tmp_path: Path) -> None:
    found = check(
        tmp_path, MODEL.replace("metrics = [METRIC]", 'better = "higher"').replace("EXTRA", "").replace("VALUES", "")
    )
    assert found.exit_code == 1 and "error[E0641]" in found.output


def test_the_best_epoch_of_a_percentage_is_that_of_the_accuracy(tmp_path: Path) -> None:
    spec = MODEL.replace("METRIC", "percent").replace("VALUES", "percent = 100 * accuracy(logits, label)")
    result = nnspec.loads(spec.replace("EXTRA", "epochs = 4")).train(runs=tmp_path, quiet=True)
    values = [row["percent"] for row in result.history]
    assert result.best == max(values) and result.best_epoch == values.index(max(values)) + 1 > 1


SQUASHED = """
model M {
  input image: float[N, 1, 8, 8]
  Flatten -> Linear(10)
  output scores = SQUASH
  output raw = _
}
train {
  data = digits
  epochs = 1
  loss = LOSS
}
"""


@pytest.mark.parametrize(
    ("squash", "loss", "words"),
    [
        ("Softmax(1)", "cross_entropy(scores, label)", "takes the softmax of its input itself"),
        ("Softmax(1) -> Reshape([N, 10])", "cross_entropy(scores, label)", "squashed twice"),
        ("Softmax(1) -> Unsqueeze(2) -> Squeeze(2)", "focal(scores, scores)", "takes the sigmoid of its input itself"),
        ("Sigmoid", "cross_entropy(scores, label)", "squashed twice"),
        ("LogSoftmax(1)", "cross_entropy(scores, label)", "it has no effect"),
        ("{ Softmax(1) -> Dropout(0.1) }", "cross_entropy(scores, label)", "squashed twice"),
        ("Identity", "cross_entropy(softmax(scores, 1), label)", "squashed twice"),
        ("Identity", "cross_entropy(log(softmax(scores, 1)), label)", "it has no effect"),
        ("Sigmoid", "binary_cross_entropy_with_logits(scores, 1)", "squashed twice"),
        ("Identity", "binary_cross_entropy_with_logits(sigmoid(scores), 1)", "squashed twice"),
        ("Softmax(1)", "nll_loss(scores, label)", "takes log-probabilities, and gets the probabilities"),
        ("Identity", "nll_loss(raw, label)", "takes log-probabilities, and gets the logits of Linear"),
        ("Identity", "dice_loss(raw, raw)", "takes probabilities, and gets the logits of Linear"),
        ("LogSoftmax(1)", "nll_loss(scores, label)", ""),
        ("Softmax(1)", "nll_loss(log(scores), label)", ""),
        ("Softmax(1)", "cross_entropy(raw, label)", ""),
        ("Sigmoid", "binary_cross_entropy(scores, 1)", ""),
        ("Tanh", "cross_entropy(5 * scores, label)", ""),
    ],
)
def test_a_loss_that_squashes_what_is_squashed_is_warned_of(squash: str, loss: str, words: str, tmp_path: Path) -> None:
    found = check(tmp_path, SQUASHED.replace("SQUASH", f"_ -> {squash}").replace("LOSS", loss))
    assert found.exit_code == 0
    assert ("warning[W0645]" in found.output) is bool(words) and words in found.output


def test_training_warns_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = SQUASHED.replace("SQUASH", "_ -> Softmax(1)").replace("LOSS", "cross_entropy(scores, label)")
    nnspec.loads(spec).train(runs=tmp_path)
    assert "warning[W0645]" in capsys.readouterr().out
