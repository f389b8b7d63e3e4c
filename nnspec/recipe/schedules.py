"""The learning-rate schedules that a recipe can choose from. `nnspec.train.schedule` has their mathematics.

Words in lower case span the whole run. Those of `torch.optim.lr_scheduler` have its names and arguments; each says by
`by` whether it counts epochs or steps, which torch leaves to where a loop calls it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt, ValidationInfo, field_validator

from nnspec.recipe.choice import Choice, Fraction, Positive

Factor = Annotated[float, Field(gt=0.0, le=1.0)]
Below = Annotated[float, Field(gt=0.0, lt=1.0)]
Count = Literal["epoch", "step"]


class Schedule(Choice, key="schedule"):
    """The learning rate from step to step: it rises from zero over `warmup` steps, and follows a curve."""

    warmup: NonNegativeInt = 0


class ConstantRate(Schedule, word="constant"):
    """It stays."""


class Cosine(Schedule, word="cosine"):
    """It falls along half a cosine to `final` of its value at the last step; the curve begins behind the warm-up."""

    final: Fraction = 0.0


class LinearFall(Schedule, word="linear"):
    """It falls along a line to `final` of its value at the last step; the line begins behind the warm-up."""

    final: Fraction = 0.0


class StepFall(Schedule, word="step"):
    """Every `epochs` epochs behind the warm-up it is multiplied by `factor`."""

    epochs: PositiveInt
    factor: Fraction = 0.1


class TorchSchedule(Schedule):
    """A schedule of `torch.optim.lr_scheduler`. It counts from the first step on, warm-up or not."""

    by: Count = "epoch"

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        """Arguments in torch's order; `warmup` and `by`, which torch does not have, come last."""
        return (*(name for name in cls.model_fields if name not in ("warmup", "by")), "warmup", "by")


class StepLR(TorchSchedule, word="StepLR"):
    """Every `step_size` epochs (or steps) it is multiplied by `gamma`."""

    step_size: PositiveInt
    gamma: Positive = 0.1


class MultiStepLR(TorchSchedule, word="MultiStepLR"):
    """At each of the `milestones` it is multiplied by `gamma`."""

    milestones: tuple[NonNegativeInt, ...]
    gamma: Positive = 0.1


class ConstantLR(TorchSchedule, word="ConstantLR"):
    """It is multiplied by `factor` for the first `total_iters` epochs (or steps)."""

    factor: Factor = 1 / 3
    total_iters: PositiveInt = 5


class LinearLR(TorchSchedule, word="LinearLR"):
    """Its factor goes along a line from `start_factor` to `end_factor` in `total_iters` epochs (or steps)."""

    start_factor: Factor = 1 / 3
    end_factor: Fraction = 1.0
    total_iters: PositiveInt = 5


class ExponentialLR(TorchSchedule, word="ExponentialLR"):
    """After every epoch (or step) it is multiplied by `gamma`."""

    gamma: Positive


class PolynomialLR(TorchSchedule, word="PolynomialLR"):
    """It falls to zero in `total_iters` epochs (or steps), along the `power` of a line."""

    total_iters: PositiveInt = 5
    power: Positive = 1.0


class CosineAnnealingLR(TorchSchedule, word="CosineAnnealingLR"):
    """It falls to `eta_min` along half a cosine in `T_max` epochs (or steps), and rises again behind them.

    Source: Loshchilov & Hutter 2017.
    """

    T_max: PositiveInt
    eta_min: NonNegativeFloat = 0.0


class CosineAnnealingWarmRestarts(TorchSchedule, word="CosineAnnealingWarmRestarts"):
    """It falls to `eta_min` along half a cosine in `T_0` epochs (or steps), then anew, `T_mult` times as long.

    Source: Loshchilov & Hutter 2017.
    """

    T_0: PositiveInt
    T_mult: PositiveInt = 1
    eta_min: NonNegativeFloat = 0.0


class Cycling(TorchSchedule):
    """A schedule that moves the optimizer's momentum (or its first beta) against the learning rate."""


class OneCycleLR(Cycling, word="OneCycleLR"):
    """It rises to `max_lr` and falls far below where it began, in `total_steps`; the momentum falls and rises.

    `max_lr` is the optimizer's own rate where it is left out, `total_steps` all steps of the run. Source: Smith & Topin
    2018.
    """

    max_lr: Positive | None = None
    total_steps: PositiveInt | None = None
    pct_start: Fraction = 0.3
    anneal_strategy: Literal["cos", "linear"] = "cos"
    cycle_momentum: bool = True
    base_momentum: Below = 0.85
    max_momentum: Below = 0.95
    div_factor: Positive = 25.0
    final_div_factor: Positive = 1e4
    three_phase: bool = False
    by: Count = "step"


class CyclicLR(Cycling, word="CyclicLR"):
    """It goes up and down between `base_lr` and `max_lr`; the momentum down and up. Source: Smith 2017."""

    base_lr: Positive
    max_lr: Positive
    step_size_up: PositiveInt = 2000
    step_size_down: PositiveInt | None = None
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    gamma: Positive = 1.0
    cycle_momentum: bool = True
    base_momentum: Below = 0.8
    max_momentum: Below = 0.9
    by: Count = "step"


class ReduceLROnPlateau(Schedule, word="ReduceLROnPlateau"):
    """After `patience` epochs without a better value it is multiplied by `factor`.

    The value is that which chooses the best weights: the first metric, or the loss that is held out; `of =
    "validation_loss"` names another column of the metrics. `mode` says whether less of it is better ("min") or more
    ("max"), where nothing else does.
    """

    mode: Literal["min", "max"] | None = None
    factor: Below = 0.1
    patience: NonNegativeInt = 10
    threshold: NonNegativeFloat = 1e-4
    threshold_mode: Literal["rel", "abs"] = "rel"
    cooldown: NonNegativeInt = 0
    min_lr: NonNegativeFloat = 0.0
    eps: NonNegativeFloat = 1e-8
    of: str | None = None

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        """Arguments in torch's order, `warmup` last."""
        return (*(name for name in cls.model_fields if name != "warmup"), "warmup")


class Composed(TorchSchedule):
    """Several schedules of torch."""

    schedulers: tuple[TorchSchedule, ...]

    nested: ClassVar[dict[str, str]] = {"schedulers": "schedule"}

    @field_validator("schedulers")
    @classmethod
    def _count_together(cls, inner: tuple[TorchSchedule, ...]) -> tuple[TorchSchedule, ...]:
        if not inner:
            raise ValueError("must name at least one schedule")
        for each in inner:
            if isinstance(each, Composed):
                raise ValueError(f"must be plain schedules, and {each.word} is made of several")
            if {"by", "warmup"} & each.model_fields_set:
                raise ValueError(f"count together: give `by` and `warmup` to {cls.__name__}, not to {each.word}")
        return inner


class SequentialLR(Composed, word="SequentialLR"):
    """One schedule after the other: at each of the `milestones` the next one begins."""

    milestones: tuple[PositiveInt, ...]

    @field_validator("milestones")
    @classmethod
    def _between(cls, milestones: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        if "schedulers" in info.data and len(milestones) != len(info.data["schedulers"]) - 1:
            raise ValueError("must be one fewer than the schedulers, between which they lie")
        if list(milestones) != sorted(milestones):
            raise ValueError("must rise")
        return milestones


class ChainedScheduler(Composed, word="ChainedScheduler"):
    """Several schedules at once, each a factor on what the others give."""
