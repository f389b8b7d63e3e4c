"""PyTorch rows of what compares masks."""

from __future__ import annotations

from nnspec.layers.families.overlap import ClassOverlap, DiceLoss, DiceScore, MeanIoU, MeanOverlap
from nnspec.to_torch.row import LayerUse, OwnFunction, row

DICE_LOSS = """
def dice_loss(input, target, smooth):
    wide = torch.promote_types(input.dtype, torch.float32)  # 16 bits do not count the pixels of a picture
    overlap = (input * target).flatten(1).sum(1, dtype=wide)
    total = (input + target).flatten(1).sum(1, dtype=wide)
    return (1 - (2 * overlap + smooth) / (total + smooth)).to(input.dtype)
"""

DICE = """
def dice(input, target, threshold):
    found, wanted = (input > threshold).flatten(1), (target > threshold).flatten(1)
    total = found.sum(1) + wanted.sum(1)
    wide = torch.promote_types(input.dtype, torch.float32)
    return torch.where(total > 0, 2 * (found & wanted).sum(1, dtype=wide) / total, 1.0).mean().to(input.dtype)
"""

MEAN_IOU = """
def mean_iou(scores, target):
    classes = scores.shape[1]
    found = F.one_hot(scores.argmax(1), classes).bool().view(-1, classes)
    wanted = F.one_hot(target, classes).bool().view(-1, classes)
    wide = torch.promote_types(scores.dtype, torch.float32)
    overlap, union = (found & wanted).sum(0, dtype=wide), (found | wanted).sum(0)
    return ((overlap / union.clamp(min=1)).sum() / (union > 0).sum()).to(scores.dtype)
"""


@row(DiceLoss)
def _(layer: DiceLoss, use: LayerUse) -> OwnFunction:
    reduced = "" if layer.reduction == "none" else f".{layer.reduction}()"
    text = f"dice_loss({use.inputs[0]}, {use.inputs[1]}, {layer.smooth}){reduced}"
    return OwnFunction("dice_loss", DICE_LOSS, text)


@row(DiceScore)
def _(layer: DiceScore, use: LayerUse) -> OwnFunction:
    return OwnFunction("dice", DICE, f"dice({use.inputs[0]}, {use.inputs[1]}, {layer.threshold})")


@row(MeanIoU)
def _(layer: MeanIoU, use: LayerUse) -> OwnFunction:
    return OwnFunction("mean_iou", MEAN_IOU, f"mean_iou({use.inputs[0]}, {use.inputs[1]})")


CLASS_OVERLAP = """
def class_overlap(scores, target):
    classes = scores.shape[1]
    found = F.one_hot(scores.argmax(1), classes).bool().view(-1, classes)
    wanted = F.one_hot(target, classes).bool().view(-1, classes)
    return torch.stack([(found & wanted).sum(0), (found | wanted).sum(0)]).to(scores.dtype)
"""

MEAN_OVERLAP = """
def mean_overlap(counts):
    overlap, union = counts
    present = union != 0
    return torch.where(present, overlap / torch.where(present, union, 1), 0).sum() / present.sum()
"""


@row(ClassOverlap)
def _(layer: ClassOverlap, use: LayerUse) -> OwnFunction:
    return OwnFunction("class_overlap", CLASS_OVERLAP, f"class_overlap({use.inputs[0]}, {use.inputs[1]})")


@row(MeanOverlap)
def _(layer: MeanOverlap, use: LayerUse) -> OwnFunction:
    return OwnFunction("mean_overlap", MEAN_OVERLAP, f"mean_overlap({use.inputs[0]})")
