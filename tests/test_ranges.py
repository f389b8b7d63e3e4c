"""Numbers out of their range are refused in Python as they are on the command line, by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nnspec
from nnspec.cli.options import in_range
from nnspec.ranges import MOST, RANGES

MODEL = nnspec.load("lenet5")


@pytest.mark.parametrize("name", RANGES)
def test_options_of_commands_have_the_ranges_of_arguments(name: str) -> None:
    given, limits = in_range(name), RANGES[name]
    assert (given.min, given.max or MOST, given.min_open) == (limits.least, limits.most, limits.above)


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
