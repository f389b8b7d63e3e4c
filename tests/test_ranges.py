"""Numbers out of their range are refused in Python as they are on the command line, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nnspec

MODEL = nnspec.load("lenet5")
DATA: Any = {"image": np.zeros((4, 1, 32, 32), np.float32), "label": np.zeros(4, np.int64)}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MODEL.summary(depth=-1), "depth must be a whole number, at least 1, and is -1"),
        (lambda: MODEL.summary(batch=0), "batch must be .*, and is 0"),
        (lambda: MODEL.draw(depth=0), "depth must be .*, and is 0"),
        (lambda: MODEL.train(DATA, workers=-1), "workers must be a whole number, at least 0, and is -1"),
        (lambda: MODEL.find_learning_rate(steps=1, data=DATA), "steps must be .*, and is 1"),
        (lambda: MODEL.evaluate({}, data=DATA, top=0), "top must be .*, and is 0"),
        (lambda: MODEL.evaluate({}, data=DATA, worst=-1), "worst must be .*, and is -1"),
        (lambda: MODEL.predict({}, DATA, top=0), "top must be .*, and is 0"),
        (lambda: MODEL.sample({}, count=0), "count must be .*, and is 0"),
        (lambda: MODEL.sample({}, temperature=float("nan")), "temperature must be a number, at least 0, and is nan"),
        (lambda: MODEL.export_triton("models", max_batch=-8), "max_batch must be .*, and is -8"),
        (lambda: MODEL.benchmark(seconds=-1.0), "seconds must be .*, and is -1.0"),
        (lambda: nnspec.predict("model.onnx", batch=0), "batch must be .*, and is 0"),
        (lambda: nnspec.evaluate("model.onnx", workers=-1), "workers must be .*, and is -1"),
        (lambda: nnspec.Session("model.onnx", threads=-2), "threads must be .*, and is -2"),
    ],
)
def test_a_number_out_of_its_range_is_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(nnspec.SpecError, match=message):
        call()


@pytest.mark.parametrize("batch", [2.5, "2", True])
def test_what_is_no_whole_number_is_refused_by_name(batch: Any) -> None:
    with pytest.raises(nnspec.SpecError, match=r"batch must be a whole number, at least 1, and is"):
        MODEL.summary(batch=batch)


def test_numbers_of_numpy_are_numbers() -> None:
    assert str(MODEL.summary(batch=np.int64(2))) == str(MODEL.summary(batch=2))
    found = nnspec.load("lenet5", settings={"classes": np.int64(3)})
    assert found.to_json() == nnspec.load("lenet5", settings={"classes": 3}).to_json()
    spec = "model Rate(p = 0.5) {\n  input x: float[N, 4]\n  output y = Dropout(p)\n}\n"
    assert "np." not in nnspec.loads(spec, settings={"p": np.float64(0.25)}).torch_source()


def test_which_field_feeds_an_input_of_another_name_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    spec = "model Small {\n  input features: float[N, 4]\n  output logits = Linear(3)\n}\ntrain {\n  epochs = 1\n  loss = cross_entropy(logits, label)\n}\n"
    data = {"feature": np.zeros((20, 4), np.float32), "label": np.arange(20) % 3}
    nnspec.loads(spec).train(data, runs=tmp_path)
    assert "the input features is given the field feature" in capsys.readouterr().out
