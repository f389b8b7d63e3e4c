"""The optimizers that a recipe can choose from, as in `torch.optim`. `nnspec.train.optimizer` builds them."""

from __future__ import annotations

from pydantic import NonNegativeFloat, ValidationInfo, field_validator

from nnspec.recipe.choice import Below1, Choice, Positive


class Optimizer(Choice, key="optimizer"):
    """The rule by which weights follow their gradients, as in `torch.optim`."""

    lr: Positive


class SGD(Optimizer, word="SGD"):
    """Stochastic gradient descent with momentum."""

    lr: Positive = 1e-2
    momentum: Below1 = 0.0
    weight_decay: NonNegativeFloat = 0.0
    nesterov: bool = False

    @field_validator("nesterov")
    @classmethod
    def _has_momentum(cls, nesterov: bool, info: ValidationInfo) -> bool:
        if nesterov and not info.data.get("momentum"):
            raise ValueError("needs a momentum: SGD(momentum = 0.9, nesterov = true)")
        return nesterov


class Adam(Optimizer, word="Adam"):
    """Kingma & Ba 2015."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0


class AdamW(Optimizer, word="AdamW"):
    """Adam with decoupled weight decay, Loshchilov & Hutter 2019."""

    lr: Positive = 1e-3
    betas: tuple[Below1, Below1] = (0.9, 0.999)
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 1e-2


class RMSprop(Optimizer, word="RMSprop"):
    """Hinton 2012."""

    lr: Positive = 1e-2
    alpha: Below1 = 0.99
    eps: Positive = 1e-8
    weight_decay: NonNegativeFloat = 0.0
    momentum: Below1 = 0.0


class Adagrad(Optimizer, word="Adagrad"):
    """Duchi et al. 2011."""

    lr: Positive = 1e-2
    lr_decay: NonNegativeFloat = 0.0
    weight_decay: NonNegativeFloat = 0.0
    eps: Positive = 1e-10
