"""The networks of the table of README.md that stands beside other tools are the ones whose counts it calls true."""

from __future__ import annotations

import pytest

import nnspec
from tests.benchmarks.beside.__main__ import FOLDER, TRUE, lines


@pytest.mark.parametrize("network", TRUE)
def test_a_summary_counts_what_pytorch_counts(network: str) -> None:
    summary = nnspec.load(FOLDER / f"{network}.nn").summary()
    assert (summary.parameters, summary.macs) == TRUE[network]


def test_lines_of_a_definition_are_counted_without_imports() -> None:
    assert lines("mnist_convnet", "nnspec") == 7
    assert lines("mnist_convnet", "torch") == 7
