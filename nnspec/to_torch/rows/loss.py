"""PyTorch rows of losses and metrics."""

from __future__ import annotations

from nnspec.layers.base import Layer
from nnspec.layers.families.loss import (
    Accuracy,
    BCELoss,
    BCEWithLogitsLoss,
    CountedTargets,
    CrossEntropyLoss,
    FocalLoss,
    GaussianKL,
    Hinge,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from nnspec.to_torch.operands import written
from nnspec.to_torch.row import LayerUse, OwnFunction, Raw, changed, row

FUNCTIONS: dict[type[Layer], str] = {
    MSELoss: "F.mse_loss",
    L1Loss: "F.l1_loss",
    HuberLoss: "F.huber_loss",
    SmoothL1Loss: "F.smooth_l1_loss",
    BCELoss: "F.binary_cross_entropy",
    BCEWithLogitsLoss: "F.binary_cross_entropy_with_logits",
    CrossEntropyLoss: "F.cross_entropy",
    NLLLoss: "F.nll_loss",
}


@row(MSELoss, L1Loss, HuberLoss, SmoothL1Loss, BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, NLLLoss)
def _(layer: Layer, use: LayerUse) -> str:
    keywords = changed(layer, *type(layer).model_fields)
    inputs = list(map(str, use.inputs))
    if "value" in keywords:
        inputs[1:] = [f"torch.full_like({inputs[0]}, {float(keywords.pop('value'))!r})"]
    if "class_weights" in keywords:  # as they are written, whatever the scores have
        weight = f"torch.tensor({list(keywords.pop('class_weights'))!r}, dtype=wide, device={inputs[0]}.device)"
        soft = use.type_of(1).dtype == "float"
        inputs = [_wide(inputs[0]), _wide(inputs[1]) if soft else inputs[1]]
        text = f"{FUNCTIONS[type(layer)]}({written(*inputs, weight=Raw(weight), **keywords)})"
        return f"{text}.to({use.dtype})"
    if "pos_weight" in keywords:
        factors = keywords.pop("pos_weight")
        given = list(factors) if isinstance(factors, tuple) else factors
        weight = f"torch.tensor({given!r}, dtype=wide, device={inputs[0]}.device)"
        keywords = {"pos_weight": Raw(weight), **keywords}
        if keywords.get("reduction") != "batchmean":
            return f"{FUNCTIONS[type(layer)]}({written(*map(_wide, inputs), **keywords)}).to({use.dtype})"
    if keywords.get("reduction") == "batchmean":  # a sum over all samples may be beyond 16 bits
        keywords["reduction"] = "sum"
        total = f"{FUNCTIONS[type(layer)]}({written(*map(_wide, inputs), **keywords)})"
        return f"({total} / {_batch(use)}).to({use.dtype})"
    return f"{FUNCTIONS[type(layer)]}({written(*inputs, **keywords)})"


@row(Hinge)
def _(layer: Hinge, use: LayerUse) -> str:
    return _reduced(f"(1 - {_wide(use.inputs[0])} * {use.inputs[1]}).clamp(min=0)", layer.reduction, use)


FOCAL = """
def focal_loss(logits, target, gamma, alpha):
    cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    probability = logits.sigmoid()
    wrong = probability * (1 - target) + (1 - probability) * target
    return cross_entropy * wrong ** gamma * (alpha * target + (1 - alpha) * (1 - target))
"""


@row(FocalLoss)
def _(layer: FocalLoss, use: LayerUse) -> OwnFunction:
    text = f"focal_loss({_wide(use.inputs[0])}, {_wide(use.inputs[1])}, {layer.gamma}, {layer.alpha})"
    return OwnFunction("focal_loss", FOCAL, _reduced(text, layer.reduction, use))


@row(GaussianKL)
def _(layer: GaussianKL, use: LayerUse) -> str:
    mu, logvar = map(_wide, use.inputs)  # numbers that nearly cancel out
    return _reduced(f"(-0.5 * (1 + {logvar} - {mu}.square() - {logvar}.exp()))", layer.reduction, use)


@row(Accuracy)
def _(layer: Accuracy, use: LayerUse) -> str:
    scores, target = use.inputs
    counted = "" if layer.ignore_index is None else f"[{target} != {layer.ignore_index}]"
    right = f"({scores}.argmax(1) == {target}){counted}.{layer.reduction}(dtype=wide)"
    return f"{right}.to({use.dtype})"


COUNTED_TARGETS = """
def counted_targets(target, ignore_index, class_weights, dtype):
    counted = torch.ones_like(target, dtype=torch.bool) if ignore_index is None else target != ignore_index
    if class_weights is None:
        return counted.sum(dtype=dtype)
    weights = torch.tensor(class_weights, dtype=dtype, device=target.device)
    return (weights[torch.where(counted, target, 0).long()] * counted).sum()
"""


@row(CountedTargets)
def _(layer: CountedTargets, use: LayerUse) -> OwnFunction:
    weights = None if layer.class_weights is None else list(map(float, layer.class_weights))
    text = f"counted_targets({use.inputs[0]}, {layer.ignore_index}, {weights}, wide).to({use.dtype})"
    return OwnFunction("counted_targets", COUNTED_TARGETS, text)


def _reduced(text: str, reduction: str, use: LayerUse) -> str:
    """The losses of the elements, which are `wide`, as `reduction` asks."""
    if reduction == "batchmean":
        return f"({text}.sum() / {_batch(use)}).to({use.dtype})"
    return f"{text if reduction == 'none' else f'{text}.{reduction}()'}.to({use.dtype})"


def _wide(text: str | None) -> str:
    return f"{text}.to(wide)"


def _batch(use: LayerUse) -> str:
    """The number of samples."""
    size = use.size(use.type_of().shape[0])
    return size if size.isdecimal() or " " not in size else f"({size})"
