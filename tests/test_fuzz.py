"""The machines of `tests/fuzz`: what runs them tells every kind of fault, and a slice of each machine finds none."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from random import Random

import pytest

from tests.fuzz import run
from tests.fuzz.arguments import Arguments
from tests.fuzz.decoding import Decoding
from tests.fuzz.files import Files
from tests.fuzz.formats import Formats
from tests.fuzz.layers import Layers
from tests.fuzz.machine import Fault, Machine
from tests.fuzz.modules import Modules
from tests.fuzz.names import Names
from tests.fuzz.networks import Networks
from tests.fuzz.recipes import Recipes
from tests.fuzz.texts import Texts


class Numbers(Machine[int]):
    """Numbers below a hundred; those from 50 on are wrong in the way that it is told."""

    name = "numbers"
    cases = "numbers"
    seconds = 0.25

    def __init__(self, wrong: str) -> None:
        self.wrong = wrong

    def draw(self, random: Random) -> int:
        return random.randrange(100)

    def examine(self, case: int) -> str:
        if case >= 50:
            if self.wrong == "abort":
                os.abort()
            if self.wrong == "hang":
                time.sleep(60)
            if self.wrong == "fault":
                raise Fault(f"{case} is too large")
            if self.wrong == "exception":
                return [][case]
        return "sound"

    def smaller(self, case: int) -> Iterator[int]:
        yield case // 2
        if case > 50:
            yield (case + 50) // 2


def ran(machine: Machine[int], *arguments: str) -> int:
    """The exit code."""
    with pytest.raises(SystemExit) as ended:
        run.main(machine, list(arguments))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("fault", "--- 50 is too large"),
        ("exception", "--- IndexError at "),
        ("abort", "--- the process ended: SIGABRT"),
        ("hang", "--- it is not done after 0.25 s"),
    ],
)
def test_every_kind_of_fault_is_made_small_and_can_be_replayed(
    wrong: str, told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ran(Numbers(wrong), "--seed", "1", "--count", "40", "--kinds", "1") == 1
    shown = capfd.readouterr().out
    assert told in shown and "\n50\n--- python -m tests.fuzz.numbers --seed 1 --start " in shown
    replay = shown.split("tests.fuzz.numbers ")[1].splitlines()[0].split()
    assert ran(Numbers(wrong), *replay) == 1
    assert "1 numbers (), 1 differences of 1 kinds" in capfd.readouterr().out


def test_what_is_right_ends_with_a_line_of_figures(capfd: pytest.CaptureFixture[str]) -> None:
    assert ran(Numbers(""), "--count", "40") == 0
    assert capfd.readouterr().out.startswith("40 numbers (40 sound), 0 differences, seed 0, 0 s, ")


@pytest.mark.parametrize(
    ("machine", "count"),
    [
        (Networks(), 30),
        (Layers(), 60),
        (Texts(), 60),
        (Decoding(), 15),
        (Files(), 150),
        (Arguments(), 80),
        (Names(), 20),
        (Recipes(), 20),
        (Formats(), 20),
        pytest.param(Modules(), 10, marks=pytest.mark.slow),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_a_slice_of_what_a_machine_examines_is_right(machine: Machine[object], count: int) -> None:
    outcomes = machine.check(seed=2, count=count)
    assert sum(outcomes.values()) == count
