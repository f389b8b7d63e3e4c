"""The learning rate of a step, and the facts of a run that it may follow from: what schedules give and are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nnspec.record import Record


class Course(Record):
    """The facts of a run that a schedule follows."""

    highest: float  # the learning rate of the optimizer
    steps_per_epoch: int
    epochs: int
    measured: Callable[[], Sequence[float | None]]  # what a plateau is told by, of each epoch so far
    rises: bool = False  # whether more of that is better

    @property
    def steps(self) -> int:
        """All steps of the run."""
        return self.epochs * self.steps_per_epoch


class Pace(NamedTuple):
    """The learning rate of a step, and the momentum where the schedule moves it."""

    rate: float
    momentum: float | None = None


Curve = Callable[[int], Pace]  # of a step, counted from 0
