"""The learning-rate schedules that a recipe can choose from. `nnspec.train.schedule` has their mathematics."""

from __future__ import annotations

from pydantic import NonNegativeInt, PositiveInt

from nnspec.recipe.choice import Choice, Fraction


class Schedule(Choice, key="schedule"):
    """The learning rate from step to step: it rises from zero over `warmup` steps, then follows a curve."""

    warmup: NonNegativeInt = 0


class ConstantRate(Schedule, word="constant"):
    """It stays."""


class Cosine(Schedule, word="cosine"):
    """It falls along half a cosine to `final` of its value at the last step."""

    final: Fraction = 0.0


class LinearFall(Schedule, word="linear"):
    """It falls along a line to `final` of its value at the last step."""

    final: Fraction = 0.0


class StepFall(Schedule, word="step"):
    """Every `epochs` epochs it is multiplied by `factor`."""

    epochs: PositiveInt
    factor: Fraction = 0.1
