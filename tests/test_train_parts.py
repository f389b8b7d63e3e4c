"""A batch in parts, and validation in batches: the losses, weights and metrics of all samples at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.run import Run

SPEC = """
model Parts(classes = 3) {
  input features: float[N, 4]
  hidden: Linear(8) -> act: Tanh
  h = _
  output logits = head: Linear(classes)
  output code = h
}

train {
  data      = iris
  loss      = cross_entropy(logits, label)
  metrics   = [accuracy(logits, label)]
  optimizer = SGD(lr = 0.01)
  epochs    = 2
  batch     = 24
}
"""
TAGGER = """
model Tagger(vocab = 12) {
  input source: int[N, S]
  input given: int[N, T]
  h = source -> Embedding(vocab, 16) -> Mean(dim = 1, keepdim = true)
  g = given -> Embedding(vocab, 16)
  output logits = g + h -> Linear(vocab)
}
train {
  data = parallel("padded.tsv")
  scores = logits -> Transpose(1, 2)
  loss = cross_entropy(scores, target, ignore_index = 0)
  metrics = [accuracy(scores, target, ignore_index = 0)]
  optimizer = SGD(lr = 0.1)
  epochs = 3
  batch = 24
}
"""
LOSSES = {
    "a mean": "cross_entropy(logits, label)",
    "an ignored class": "cross_entropy(logits, label, ignore_index = 1)",
    "class weights": "cross_entropy(logits, label, class_weights = [1, 5, 0.5])",
    "all three": "cross_entropy(logits, label, class_weights = [1, 5, 0.5], ignore_index = 2, label_smoothing = 0.1)",
    "likelihoods": "nll_loss(log_softmax(logits, dim = 1), label, ignore_index = 0)",
    "a sum": 'cross_entropy(logits, label, reduction = "sum") / 100',
    "a sum over the batch": "sum(code ** 2) / batch",
    "two denominators": "cross_entropy(logits, label, ignore_index = 1) + 0.3 * mse(code, 0.1)",
    "a product": "cross_entropy(logits, label, ignore_index = 1) * (1 + mae(code, 0.1))",
    "a root": "sqrt(mse(code, 0.2)) + cross_entropy(logits, label)",
    "a quotient": "cross_entropy(logits, label) / (1 + mean(code ** 2))",
    "overlap of each sample": "dice_loss(sigmoid(logits), softmax(logits, dim = 1))",
    "a divergence": "kl_divergence(code, logits[:, :1] * code)",
    "contrast": "info_nce(code, tanh(code + 0.1))",
    "a deviation over the batch": "mean((std(code, dim = 0) - 1) ** 2)",
    "distances from the mean of the batch": "mean((code - mean(code, dim = 0)) ** 2) - 0.1 * logsumexp(logits)",
    "each weighed by the data": 'mean(cross_entropy(logits, label, reduction = "none") * features[:, 0] ** 2)',
    "weighed by a sum of the data": 'sum(cross_entropy(logits, label, reduction = "none") * features[:, 0] ** 2) / sum(features[:, 0] ** 2)',
    "a Gram matrix": "0.001 * mean(((code -> Transpose(0, 1)) @ code) ** 2)",
    "a gradient": "cross_entropy(logits, label) + mean(norm(gradient(logits[:, 0], features), dim = 1))",
}


def trained(spec: str, folder: Path, **recipe: object) -> Run:
    return nnspec.loads(spec).train(runs=folder, quiet=True, **recipe)


def assert_same(left: Run, right: Run) -> None:
    for one, other in zip(left.history, right.history, strict=True):
        for name in one.keys() - {"samples_per_second", "seconds"}:
            assert one[name] == pytest.approx(other[name], rel=2e-5, abs=1e-6), name
    torch.testing.assert_close(load_file(left.last_weights), load_file(right.last_weights), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("what", LOSSES)
def test_a_batch_in_parts_is_the_whole_batch_whatever_the_loss_is_divided_by(what: str, tmp_path: Path) -> None:
    whole, parts = (trained(SPEC, tmp_path, loss=LOSSES[what], accumulate=number) for number in (1, 5))
    assert_same(whole, parts)


@pytest.fixture
def in_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent / "data")


@pytest.mark.usefixtures("in_the_data")
def test_padding_counts_neither_in_parts_of_a_batch_nor_in_batches_of_the_validation(tmp_path: Path) -> None:
    whole, parts, small = (
        trained(TAGGER, tmp_path, **recipe) for recipe in ({}, {"accumulate": 4}, {"batch": 5, "epochs": 1})
    )
    assert_same(whole, parts)
    assert whole.history[0]["loss"] == pytest.approx(2.5892, abs=5e-5)
    assert small.history[0]["accuracy"] == pytest.approx(0.2381, abs=5e-5)  # of all tokens


METRICS = [
    "mean_iou(logits, label)",
    "accuracy(logits, label, ignore_index = 1)",
    "dice(sigmoid(code), abs(code))",
    "1 - mean(std(code, dim = 0))",
]


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_judged_in_batches_is_judged_as_a_whole(metric: str, tmp_path: Path) -> None:
    # nothing is learnt, so that batches of 7 and one of all differ in the judging alone
    recipe = {"optimizer": "SGD(lr = 1e-30)", "metrics": f"[{metric}]", "better": '"higher"', "epochs": 1}
    small, whole = (trained(SPEC, tmp_path, batch=size, **recipe).best for size in (7, 200))
    assert small == pytest.approx(whole, rel=1e-5)


def test_a_contrast_within_a_batch_is_a_mean_over_batches_in_validation_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nnspec.loads(SPEC).train(runs=tmp_path, loss=LOSSES["contrast"], epochs=1, batch=8)
    assert (
        "info_nce compares the samples of a batch: in validation it is the mean over batches of 8"
        in capsys.readouterr().out
    )


def test_what_the_model_computes_of_all_samples_is_not_taken_apart(tmp_path: Path) -> None:
    spec = SPEC.replace("  output code = h\n", "  output code = h\n  output spread = mean(h * h)\n")
    loss = "cross_entropy(logits, label) + spread * spread"
    trained(spec, tmp_path, loss=loss, epochs=1)
    with pytest.raises(nnspec.SpecError, match="computes from all samples of a batch") as caught:
        trained(spec, tmp_path, loss=loss, accumulate=2)
    assert caught.value.diagnostics[0].code == "E0642"


MIXING = """
model M {
  input image: float[N, 1, 8, 8]
  h = image -> Flatten
  output logits = h - mean(h, dim = 0) -> fc: Linear(10)
}
train {
  data = digits
  loss = cross_entropy(logits, label)
  epochs = 1
  batch = 300
}
"""


def test_a_model_that_mixes_samples_is_told_and_is_not_taken_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = nnspec.loads(MIXING)
    model.train(runs=tmp_path)
    assert "W0648" in capsys.readouterr().out.replace("\n", " ")
    with pytest.raises(nnspec.SpecError, match="E0643"):
        model.train(runs=tmp_path, quiet=True, accumulate=2)
