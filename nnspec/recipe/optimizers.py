"""The optimizers that a recipe can choose from: those of `torch.optim`. `nnspec.train.optimizer` builds them.

Arguments are torch's, less those that change no number (`foreach`, `fused`) or that a loss says itself (`maximize`).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt, ValidationInfo, field_validator

from nnspec.recipe.choice import Below1, Choice, Fraction, Positive


class Optimizer(Choice, key="optimizer"):
    """The rule by which weights follow their gradients, as in `torch.optim`."""

    lr: Positive


class SGD(Optimizer, word="SGD"):
    """Stochastic gradient descent with momentum."""

    lr: Positive = 1e-2
    momentum: Below1 = 0.0
    dampening: Fraction = 0.0
    weight_decay: NonNegativeFloat = 0.0
    nesterov: bool = False

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and not info.data.get("momentum"):
            raise ValueError("needs a momentum: SGD(momentum = 0.9, nesterov = true)")
        if nesterov and info.data.get("dampening"):
            raise ValueError("needs a dampening of 0")
        return nesterov


class Adam(Optimizer, word="Adam"):
    """Kingma & Ba 2015; with `amsgrad`, Reddi et al. 2018."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    amsgrad: bool = False
    decoupled_weight_decay: bool = False


class AdamW(Optimizer, word="AdamW"):
    """Adam with decoupled weight decay, Loshchilov & Hutter 2019."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 1e-2
    amsgrad: bool = False


class Adamax(Optimizer, word="Adamax"):
    """Adam by the largest gradient, Kingma & Ba 2015."""

    lr: Positive = 2e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0


class NAdam(Optimizer, word="NAdam"):
    """Adam with Nesterov's momentum, Dozat 2016."""

    lr: Positive = 2e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    momentum_decay: NonNegativeFloat = 4e-3
    decoupled_weight_decay: bool = False


class RAdam(Optimizer, word="RAdam"):
    """Rectified Adam, Liu et al. 2020."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    decoupled_weight_decay: bool = False


class SparseAdam(Optimizer, word="SparseAdam"):
    """Adam that leaves rows of a table alone, moments and all, where their gradient is zero: for large embeddings."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8


class Adafactor(Optimizer, word="Adafactor"):
    """Shazeer & Stern 2018: second moments of a matrix kept as one number for each row and each column."""

    lr: Positive = 1e-2
    beta2_decay: float = -0.8
    eps: tuple[NonNegativeFloat | None, NonNegativeFloat] = (None, 1e-3)
    d: Positive = 1.0
    weight_decay: NonNegativeFloat = 0.0

    @field_validator("beta2_decay")
    @classmethod
    def _falls(cls, decay: float) -> float:
        if decay > 0:
            raise ValueError("must not be above 0")
        return decay

    @field_validator("d")
    @classmethod
    def _at_least_1(cls, d: float) -> float:
        if d < 1:
            raise ValueError("must be at least 1")
        return d


class RMSprop(Optimizer, word="RMSprop"):
    """Hinton 2012."""

    lr: Positive = 1e-2
    alpha: Below1 = 0.99
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    momentum: Below1 = 0.0
    centered: bool = False


class Adagrad(Optimizer, word="Adagrad"):
    """Duchi et al. 2011."""

    lr: Positive = 1e-2
    lr_decay: NonNegativeFloat = 0.0
    weight_decay: NonNegativeFloat = 0.0
    initial_accumulator_value: NonNegativeFloat = 0.0
    eps: Positive = 1e-10


class Adadelta(Optimizer, word="Adadelta"):
    """Zeiler 2012."""

    lr: Positive = 1.0
    rho: Below1 = 0.9
    eps: Positive = 1e-6
    weight_decay: NonNegativeFloat = 0.0


class ASGD(Optimizer, word="ASGD"):
    """Averaged stochastic gradient descent, Polyak & Juditsky 1992. The average itself is not used: `ema` is."""

    lr: Positive = 1e-2
    lambd: NonNegativeFloat = 1e-4
    alpha: NonNegativeFloat = 0.75
    t0: NonNegativeFloat = 1e6
    weight_decay: NonNegativeFloat = 0.0


class Rprop(Optimizer, word="Rprop"):
    """Resilient backpropagation, Riedmiller & Braun 1993: by the signs of gradients, of all data at once."""

    lr: Positive = 1e-2
    etas: tuple[Fraction, float] = (0.5, 1.2)
    step_sizes: tuple[Positive, Positive] = (1e-6, 50.0)

    @field_validator("etas")
    @classmethod
    def _around_1(cls, etas: tuple[float, float]) -> tuple[float, float]:
        if not 0 < etas[0] < 1 < etas[1]:
            raise ValueError("must be a factor below 1 and one above it: [0.5, 1.2]")
        return etas


class LBFGS(Optimizer, word="LBFGS"):
    """Limited-memory BFGS: for small data, in one batch. A step computes the loss `max_eval` times at most."""

    lr: Positive = 1.0
    max_iter: PositiveInt = 20
    max_eval: PositiveInt | None = None
    tolerance_grad: NonNegativeFloat = 1e-7
    tolerance_change: NonNegativeFloat = 1e-9
    history_size: PositiveInt = 100
    line_search_fn: Literal["strong_wolfe"] | None = None


class Muon(Optimizer, word="Muon"):
    """Jordan et al. 2024: momentum made orthogonal. It is for matrices; all other weights follow `others`."""

    lr: Positive = 1e-3
    weight_decay: NonNegativeFloat = 0.1
    momentum: Below1 = 0.95
    nesterov: bool = True
    ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315)
    eps: Positive = 1e-7
    ns_steps: NonNegativeInt = 5
    adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None
    others: Optimizer = AdamW()

    nested: ClassVar[dict[str, str]] = {"others": "optimizer"}

    @field_validator("others")
    @classmethod
    def _takes_all(cls, others: Optimizer) -> Optimizer:
        if isinstance(others, (Muon, LBFGS)):
            raise ValueError("must be an optimizer for weights of any shape")
        return others

    @field_validator("ns_steps")
    @classmethod
    def _below_100(cls, steps: int) -> int:
        if steps >= 100:
            raise ValueError("must be below 100")
        return steps
