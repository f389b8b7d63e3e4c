"""PyTorch rows of losses and metrics."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.loss import (
    Accuracy,
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    GaussianKL,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
)
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import Call, changed, row

FUNCTIONS: dict[type[Layer], str] = {
    MSELoss: "F.mse_loss",
    L1Loss: "F.l1_loss",
    HuberLoss: "F.huber_loss",
    BCELoss: "F.binary_cross_entropy",
    BCEWithLogitsLoss: "F.binary_cross_entropy_with_logits",
    CrossEntropyLoss: "F.cross_entropy",
    NLLLoss: "F.nll_loss",
}


@row(MSELoss, L1Loss, HuberLoss, BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, NLLLoss)
def _(layer: Layer, call: Call) -> str:
    keywords = changed(layer, *type(layer).model_fields)
    batchmean = keywords.get("reduction") == "batchmean"
    if batchmean:
        keywords["reduction"] = "sum"
    text = f"{FUNCTIONS[type(layer)]}({written(*map(str, call.inputs), **keywords)})"
    return f"{text} / {_batch(call)}" if batchmean else text


@row(GaussianKL)
def _(layer: GaussianKL, call: Call) -> str:
    mu, logvar = call.inputs
    text = f"(1 + {logvar} - {mu}.square() - {logvar}.exp())"
    match layer.reduction:
        case "none":
            return f"-0.5 * {text}"
        case "batchmean":
            return f"-0.5 * {text}.sum() / {_batch(call)}"
        case reduction:
            return f"-0.5 * {text}.{reduction}()"


@row(Accuracy)
def _(layer: Accuracy, call: Call) -> str:
    return f"({call.inputs[0]}.argmax(1) == {call.inputs[1]}).float().mean()"


def _batch(call: Call) -> str:
    """The number of samples."""
    size = call.size(call.type_of().shape[0])
    return size if size.isdecimal() or " " not in size else f"({size})"
