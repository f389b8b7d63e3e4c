"""How well two masks cover each other: the loss and the metrics of segmentation."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nnspec.layers.base import Example, Layer, TensorType
from nnspec.layers.loss import Fraction, Loss, need_classes, need_same


class DiceLoss(Loss):
    """One less twice the overlap over the sum of both masks, for each sample; masks have values within 0 and 1.

    `smooth` is added above and below, so that two empty masks agree.

    Shapes: input [N, ...], target of the same shape -> []. Source: Milletari et al. 2016.
    """

    function: ClassVar[str | None] = "dice_loss"

    smooth: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] = 1.0
    reduction: Literal["mean", "sum", "none"] = "mean"

    examples: ClassVar = (
        Example("dice_loss(sigmoid(a), sigmoid(b))", ("float[N, 3, H]", "float[N, 3, H]")),
        Example('dice_loss(sigmoid(a), sigmoid(b), smooth = 0.5, reduction = "none")', ("float[N, 5]", "float[N, 5]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        return self.reduced(*input.shape[:1])


class DiceScore(Layer):
    """Twice the overlap over the sum of both masks, each what lies above `threshold`; the mean over samples.

    Shapes: input [N, ...] of values within 0 and 1, target of the same shape -> []. Source: Dice 1945. Two empty
    masks agree.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "dice"
    higher_is_better: ClassVar[bool] = True

    threshold: Fraction = 0.5

    examples: ClassVar = (
        Example("dice(sigmoid(a), sigmoid(b))", ("float[N, 3, H]", "float[N, 3, H]")),
        Example("dice(sigmoid(a), sigmoid(b), threshold = 0.25)", ("float[N, 5]", "float[N, 5]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        return TensorType("float", ())


class MeanIoU(Layer):
    """The overlap of what is taken for a class with what is of it, over both together: the mean over the classes.

    Classes are counted over the whole batch; those that are neither in it nor found in it are left out. A metric of
    several batches is the mean of theirs.

    Shapes: input [N, classes, ...] of scores, target int [N, ...] -> []. Source: Jaccard 1901; Long et al. 2015.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "mean_iou"
    higher_is_better: ClassVar[bool] = True

    examples: ClassVar = (
        Example("mean_iou(a, argmax(b, dim = 1))", ("float[N, 3, H]", "float[N, 3, H]")),
        Example("mean_iou(a, argmax(b, dim = 1))", ("float[N, 40]", "float[N, 40]")),  # most classes are absent
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_classes(input, target)
        return TensorType("float", ())
