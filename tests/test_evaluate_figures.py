"""The figures of `nnspec evaluate` are scikit-learn's, on random data, with ties, absent classes and several parts."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nnspec.evaluation.classes import ClassTally
from nnspec.evaluation.labels import LabelTally
from nnspec.evaluation.numbers import NumberTally

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")


def parts(*arrays: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """The arrays in uneven parts of their rows."""
    edges = [0, 1, 38, 101, len(arrays[0])]
    return [tuple(array[a:b] for array in arrays) for a, b in pairwise(edges)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("classes", [2, 3, 7])
def test_figures_of_classes_are_those_of_scikit_learn(classes: int, seed: int) -> None:
    draws = np.random.default_rng(seed)
    scores = draws.normal(size=(240, classes)).round(1)  # with ties
    powers = np.exp(scores)
    probabilities = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    target = draws.integers(0, classes, 240)
    tally = ClassTally("label", classes, [], None, top=3)
    for each in parts(probabilities, target):
        tally.add(*each)
    found = tally.figures()
    taken = probabilities.argmax(1)
    assert found.confusion is not None
    np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(target, taken, labels=range(classes)))
    per_class = metrics.precision_recall_fscore_support(target, taken, labels=range(classes), zero_division=0)
    for index, row in enumerate(found.rows):
        own = [row.figures[name] for name in ("precision", "recall", "f1", "samples")]
        assert own == pytest.approx([values[index] for values in per_class], abs=1e-12)
        truth = target == index
        assert row.figures["auc"] == pytest.approx(metrics.roc_auc_score(truth, probabilities[:, index]), abs=1e-12)
        precision = metrics.average_precision_score(truth, probabilities[:, index])
        assert row.figures["average_precision"] == pytest.approx(precision, abs=1e-12)
    for average in ("macro", "weighted"):
        wanted = metrics.precision_recall_fscore_support(target, taken, average=average, zero_division=0)
        own = [found.whole[f"{average}_{name}"] for name in ("precision", "recall", "f1")]
        assert own == pytest.approx(wanted[:3], abs=1e-12)
    assert found.whole["accuracy"] == pytest.approx(metrics.accuracy_score(target, taken), abs=1e-15)
    balanced = metrics.balanced_accuracy_score(target, taken)
    assert found.whole["balanced_accuracy"] == pytest.approx(balanced, abs=1e-12)
    area = metrics.roc_auc_score(target, probabilities[:, 1] if classes == 2 else probabilities, multi_class="ovr")
    assert found.whole["auc"] == pytest.approx(area, abs=1e-6)  # which rounds the sums of float32 rows
    if classes > 3:
        distinct = probabilities + 1e-7 * np.arange(classes, dtype=np.float32)[::-1]  # of equal ones the first counts
        top = metrics.top_k_accuracy_score(target, distinct.astype(np.float64), k=3)
        assert found.whole["top_3"] == pytest.approx(top, abs=1e-12)


def test_classes_that_are_absent_are_left_out_of_means_and_ignored_targets_of_all() -> None:
    target = np.array([0, 0, 1, 9, -100, 9])
    probabilities = np.eye(5, dtype=np.float32)[[0, 1, 1, 2, 3, 3]]
    tally = ClassTally("label", 5, ["a", "b"], 9, top=5)
    tally.add(probabilities, target)
    found = tally.figures()
    assert found.whole["samples"] == 3 and found.whole["accuracy"] == pytest.approx(2 / 3)
    assert [row.name for row in found.rows] == ["a", "b", "2", "3", "4"]
    wanted = metrics.f1_score([0, 0, 1], [0, 1, 1], average="macro")
    assert found.whole["macro_f1"] == pytest.approx(wanted, abs=1e-12)
    assert found.rows[4].figures["auc"] is None and found.rows[4].figures["recall"] == 0.0


@pytest.mark.parametrize("labels", [1, 4])
def test_figures_of_labels_are_those_of_scikit_learn(labels: int) -> None:
    draws = np.random.default_rng(labels)
    probabilities = draws.random((200, labels)).round(2).astype(np.float32)
    target = (draws.random((200, labels)) < 0.3).astype(np.float32)
    tally = LabelTally("tags", labels, [])
    for each in parts(probabilities, target):
        tally.add(*each)
    found, taken = tally.figures(), probabilities > 0.5
    per_label = metrics.precision_recall_fscore_support(target, taken, average=None, zero_division=0)
    for name, values in (("precision", per_label[0]), ("recall", per_label[1]), ("f1", per_label[2])):
        if labels > 1:
            assert [row.figures[name] for row in found.rows] == pytest.approx(list(values), abs=1e-12)
            assert found.whole[f"macro_{name}"] == pytest.approx(values.mean(), abs=1e-12)
        else:
            assert found.whole[name] == pytest.approx(values[-1], abs=1e-12)
    prefix = "macro_" if labels > 1 else ""
    assert found.whole[f"{prefix}auc"] == pytest.approx(metrics.roc_auc_score(target, probabilities), abs=1e-12)
    precision = metrics.average_precision_score(target, probabilities)
    assert found.whole[f"{prefix}average_precision"] == pytest.approx(precision, abs=1e-12)
    if labels > 1:
        assert found.whole["all_right"] == pytest.approx(metrics.accuracy_score(target, taken), abs=1e-12)
        assert found.whole["micro_f1"] == pytest.approx(metrics.f1_score(target, taken, average="micro"), abs=1e-12)
    else:
        assert found.confusion is not None
        np.testing.assert_array_equal(found.confusion, metrics.confusion_matrix(target[:, 0], taken[:, 0]))


@pytest.mark.parametrize("columns", [1, 3])
def test_figures_of_numbers_are_those_of_scikit_learn(columns: int) -> None:
    draws = np.random.default_rng(columns)
    target = (1e4 + draws.normal(size=(300, columns))).astype(np.float32)
    found = (target + 0.3 * draws.normal(size=target.shape)).astype(np.float32)
    tally = NumberTally("target", columns, [])
    for each in parts(found, target):
        tally.add(*each)
    figures = tally.figures()
    for name, score in (
        ("mae", metrics.mean_absolute_error),
        ("mse", metrics.mean_squared_error),
        ("r2", metrics.r2_score),
    ):
        assert figures.whole[name] == pytest.approx(score(target.astype(float), found.astype(float)), rel=1e-9)
    if columns > 1:
        rows = [row.figures["r2"] for row in figures.rows]
        assert rows == pytest.approx(
            list(metrics.r2_score(target.astype(float), found.astype(float), multioutput="raw_values"))
        )
