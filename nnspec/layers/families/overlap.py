"""The overlap of two masks: the loss and the metrics of segmentation."""

from typing import Annotated, ClassVar, Literal

from nnspec.layers.base import Better, Example, Layer, Pooled, Scores, Sums
from nnspec.layers.loss import Fraction, Loss, need_classes, need_same
from nnspec.layers.numbers import Within
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype


class DiceLoss(Loss):
    """One less twice the overlap over the sum of both masks, for each sample; masks have values within 0 and 1.

    `smooth` is added above and below, so that two empty masks agree.

    Shapes: input [N, ...], target of the same shape -> []. Source: Milletari et al. 2016.
    """

    expects: ClassVar[Scores | None] = "probabilities"
    function: ClassVar[str | None] = "dice_loss"

    smooth: Annotated[float, Within(gt=0.0, finite=True)] = 1.0
    reduction: Literal["mean", "sum", "none"] = "mean"

    examples: ClassVar = (
        Example("dice_loss(sigmoid(a), sigmoid(b))", ("float[N, 3, H]", "float[N, 3, H]")),
        Example('dice_loss(sigmoid(a), sigmoid(b), smooth = 0.5, reduction = "none")', ("float[N, 5]", "float[N, 5]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        return self.reduced(*input.shape[:1])

    def mixed(self, input: TensorType, target: TensorType) -> tuple[tuple[int, ...], ...]:
        if self.reduction != "none":
            return super().mixed(input, target)
        return (tuple(range(1, input.rank)),) * 2

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return super().pooled(places, *inputs) if places[0] == 0 else None


class DiceScore(Layer):
    """Twice the overlap over the sum of both masks, each what lies above `threshold`; the mean over samples.

    Shapes: input [N, ...] of values within 0 and 1, target of the same shape -> []. Source: Dice 1945. Two empty
    masks agree.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "dice"
    better: ClassVar[Better | None] = "higher"

    threshold: Fraction = 0.5

    examples: ClassVar = (
        Example("dice(sigmoid(a), sigmoid(b))", ("float[N, 3, H]", "float[N, 3, H]")),
        Example("dice(sigmoid(a), sigmoid(b), threshold = 0.25)", ("float[N, 5]", "float[N, 5]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        return TensorType("float", ())

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return "mean" if places[0] == 0 else None


class MeanIoU(Layer):
    """The overlap of what is taken for a class with what is of it, over both together: the mean over the classes.

    Classes are counted over the whole batch, and in validation over all samples; those that are neither there nor found
    are left out.

    Shapes: input [N, classes, ...] of scores, target int [N, ...] -> []. Source: Jaccard 1901; Long et al. 2015.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "mean_iou"
    better: ClassVar[Better | None] = "higher"

    examples: ClassVar = (
        Example("mean_iou(a, argmax(b, dim = 1))", ("float[N, 3, H]", "float[N, 3, H]")),
        Example("mean_iou(a, argmax(b, dim = 1))", ("float[N, 40]", "float[N, 40]")),  # most classes are absent
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_classes(input, target)
        return TensorType("float", ())

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return None if places[0] == 1 else Sums(((ClassOverlap(), (0, 1)),), MeanOverlap())


class ClassOverlap(Layer):
    """For each class, the places that are of it and are taken for it, and those of which one or the other is true.

    These can be added over batches; `MeanOverlap` makes the mean over the classes of them.

    Shapes: input [N, classes, ...] of scores, target int [N, ...] -> [2, classes]. Source: Jaccard 1901.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")

    examples: ClassVar = (Example("(a, argmax(b, dim = 1)) -> ClassOverlap", ("float[N, 3, H]", "float[N, 3, H]")),)

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_classes(input, target)
        return TensorType("float", (2, input.shape[1]))

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return None if places[0] == 1 else "sum"


class MeanOverlap(Layer):
    """The mean over the classes of the first row over the second, of classes whose second is not 0.

    Shapes: [2, classes] -> []. Source: Long et al. 2015.
    """

    better: ClassVar[Better | None] = "higher"

    examples: ClassVar = (Example("MeanOverlap", ("float[2, 5]",)), Example("relu(a) -> MeanOverlap", ("float[2, 5]",)))

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        if input.rank != 2 or input.shape[0] != 2:
            raise InputError(f"needs both counts of each class, [2, classes], and gets {input}")
        return TensorType("float", ())
