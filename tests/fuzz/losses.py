"""Losses and metrics at random: as a recipe writes them, and by torch's own functions on all samples at once."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

Values = dict[str, Tensor]
Plain = Callable[[Values], Tensor]
CLASSES = 4


def loss(random: Random) -> str:
    """A loss, as a recipe writes it; `plain` computes it."""
    one, other = _term(random), _term(random)
    factor = random.choice(["0.5", "2"])
    return random.choice(
        [
            one, one, one,
            f"{one} + {factor} * {other}",
            f"{one} / {factor}",
            f"{one} * (1 + {other})",
            f"{one} / (1 + {other})",
            f"sqrt({one} + 0.1)",
            f"{one} - 0.1 * log(1 + {other})",
        ]
    )  # fmt: skip


def _term(random: Random) -> str:
    """A loss that is never negative, nor far above 1."""
    ignored = random.choice(["", "", ", ignore_index = 0", ", ignore_index = 2"])
    weights = random.choice(["", "", ", class_weights = [1, 4, 0.5, 2]"])
    smoothing = random.choice(["", ", label_smoothing = 0.1"])
    share = random.choice(["", ", alpha = 0.5", ", gamma = 1.5"])
    return random.choice(
        [
            f"cross_entropy(scores, label{ignored}{weights}{smoothing})",
            f"cross_entropy(scores, label{ignored}{weights}{smoothing})",
            f'0.02 * cross_entropy(scores, label{ignored}{weights}, reduction = "sum")',
            f"nll_loss(log_softmax(scores, dim = 1), label{ignored})",
            f'sum(cross_entropy(scores, label, reduction = "none"{ignored}{weights})) / (50 * batch)',
            "mse(code, 0.25)",
            "mae(code, wanted)",
            "huber(code, wanted, delta = 0.5)",
            "smooth_l1(code, wanted)",
            'mse(code, wanted, reduction = "batchmean") / 8',
            '0.01 * mae(code, wanted, reduction = "sum")',
            f"focal(code, sigmoid(wanted){share})",
            "binary_cross_entropy_with_logits(code, sigmoid(wanted))",
            "dice_loss(sigmoid(code), sigmoid(wanted))",
            "kl_divergence(code, 0.1 * code) / 8",
            "info_nce(code, wanted + 0.5 * code, temperature = 0.5)",
            "mean(var(code, dim = 0))",
            "mean((code - mean(code, dim = 0)) ** 2)",
            "mean(norm(code, dim = 1)) / 4",
            "mean(code ** 2 * abs(wanted))",
            "sum(code ** 2 * abs(wanted)) / sum(abs(wanted))",
            "logsumexp(code) / 10",
        ]
    )


def metrics(random: Random) -> list[str]:
    """Some metrics, the first of a known direction."""
    known = [
        "accuracy(scores, label)",
        "accuracy(scores, label, ignore_index = 0)",
        "100 * accuracy(scores, label, ignore_index = 2)",
        "mean_iou(scores, label)",
        "(accuracy(scores, label) + mean_iou(scores, label)) / 2",
        "1 - accuracy(scores, label)",
        "exp(cross_entropy(scores, label, ignore_index = 0))",
        "cross_entropy(scores, label, class_weights = [1, 4, 0.5, 2])",
        "dice(sigmoid(code), sigmoid(wanted))",
        "sqrt(mse(code, wanted))",
        "norm(code - wanted) / norm(wanted)",
        "max(abs(code - wanted))",
    ]
    return random.sample(known, random.choice([1, 1, 2, 3]))


def plain(text: str, values: Values) -> Tensor:
    """The value of an expression, by torch's functions: the text is also Python, but for three words."""
    python = text.replace("true", "True").replace('= "', '="')
    found = eval(python, {"__builtins__": {}}, {**FUNCTIONS, **values, "batch": len(values["code"])})
    assert isinstance(found, Tensor)
    return found


def _cross_entropy(
    scores: Tensor, label: Tensor, class_weights: list[float] | None = None, **options: object
) -> Tensor:
    weight = None if class_weights is None else scores.new_tensor(class_weights)
    return F.cross_entropy(scores, label, weight, **options)  # type: ignore[arg-type]


def _accuracy(scores: Tensor, label: Tensor, ignore_index: int = -1) -> Tensor:
    counted = label != ignore_index
    return ((scores.argmax(1) == label) & counted).sum().double() / counted.sum()


def _mean_iou(scores: Tensor, label: Tensor) -> Tensor:
    found, shares = scores.argmax(1), []
    for each in range(scores.shape[1]):
        union = ((found == each) | (label == each)).sum()
        if union:
            shares.append(((found == each) & (label == each)).sum().double() / union)
    return torch.stack(shares).mean()


def _against(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def compared(input: Tensor, target: Tensor | float, reduction: str = "mean", **options: object) -> Tensor:
        wanted = target if isinstance(target, Tensor) else torch.full_like(input, target)
        if reduction == "batchmean":
            return function(input, wanted, reduction="sum", **options) / len(input)
        return function(input, wanted, reduction=reduction, **options)

    return compared


def _focal(logits: Tensor, target: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    p = logits.sigmoid()
    wrong = p * (1 - target) + (1 - p) * target
    entropy = -(target * p.log() + (1 - target) * (1 - p).log())
    return (entropy * wrong**gamma * (alpha * target + (1 - alpha) * (1 - target))).mean()


def _dice(found: Tensor, wanted: Tensor) -> Tensor:
    one, other = (found > 0.5).flatten(1), (wanted > 0.5).flatten(1)
    total = one.sum(1) + other.sum(1)
    return torch.where(total > 0, 2 * (one & other).sum(1).double() / total, 1.0).mean()


def _info_nce(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    products = F.normalize(one, dim=1) @ F.normalize(other, dim=1).T / temperature
    return (products.logsumexp(1) - products.diagonal()).mean()


FUNCTIONS: dict[str, object] = {
    "cross_entropy": _cross_entropy,
    "nll_loss": F.nll_loss,
    "log_softmax": torch.log_softmax,
    "mse": _against(F.mse_loss),
    "mae": _against(F.l1_loss),
    "huber": _against(F.huber_loss),
    "smooth_l1": _against(F.smooth_l1_loss),
    "binary_cross_entropy_with_logits": _against(F.binary_cross_entropy_with_logits),
    "focal": _focal,
    "dice_loss": lambda a, b: (1 - (2 * (a * b).flatten(1).sum(1) + 1) / ((a + b).flatten(1).sum(1) + 1)).mean(),
    "kl_divergence": lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum() / len(mu),
    "info_nce": _info_nce,
    "accuracy": _accuracy,
    "mean_iou": _mean_iou,
    "dice": _dice,
    "sigmoid": torch.sigmoid,
    "mean": lambda x, dim=None: x.mean() if dim is None else x.mean(dim),
    "sum": torch.sum,
    "var": lambda x, dim: x.var(dim),
    "norm": lambda x, dim=None: (x**2).sum().sqrt() if dim is None else (x**2).sum(dim).sqrt(),
    "max": torch.max,
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "log": torch.log,
    "logsumexp": lambda x: x.flatten().logsumexp(0),
}
