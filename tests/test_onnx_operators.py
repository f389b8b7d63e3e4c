"""The table of ONNX's operators: each has a row, a definition or a reason; and ONNX's own tests of those that are read.

`python -m tests.onnx_operators` prints the table, with what each test says.
"""

from __future__ import annotations

import importlib
import warnings
from collections import Counter
from typing import Any

import pytest
from onnx.backend.test.case import node

from nnspec.importing.from_onnx.floats import QUANTISED
from nnspec.importing.from_onnx.loops import LOOPS
from nnspec.importing.from_onnx.operators import REFUSED, ROWS, WRITTEN_OUT
from tests.onnx_operators import KNOWN, cases, operator_of, outcome, state

# Operators of each kind, whose tests are quickly made.
QUICK = {
    "Add": "add", "BatchNormalization": "batch_normalization", "Clip": "clip", "Conv": "conv", "Gather": "gather", "Gemm": "gemm",
    "LSTM": "lstm", "Reshape": "reshape", "Softmax": "softmax", "Where": "where",
}  # fmt: skip


def cases_of(operator: str) -> list[Any]:
    """The cases of one operator, which its module makes when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"{node.__name__}.{QUICK[operator]}")
    return [case for case in node._NodeTestCases if operator_of(case) == operator]


def test_every_operator_of_onnx_is_in_the_table_once() -> None:
    assert [name for name in KNOWN if name not in {*ROWS, *REFUSED, *WRITTEN_OUT, *QUANTISED, *LOOPS}] == []
    assert not set(ROWS) & (set(REFUSED) | WRITTEN_OUT)
    assert not set(QUANTISED) & (set(REFUSED) | WRITTEN_OUT)
    assert all(state(name) for name in KNOWN)


@pytest.mark.parametrize("operator", QUICK)
def test_what_onnx_asks_of_an_operator_is_what_pytorch_gives(operator: str) -> None:
    found = [(case.name, *outcome(case)) for case in cases_of(operator)[:8]]
    assert "equal" in {each for _, each, _ in found} <= {"equal", "folded", "refused"}, found


@pytest.mark.slow
def test_no_case_of_onnx_gives_other_results() -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for case in (case for each in cases().values() for case in each):
        found, why = outcome(case)
        counts[found] += 1
        wrong += [(case.name, why)] if found == "wrong" else []
    assert not wrong
    assert counts["equal"] >= 1380, counts
