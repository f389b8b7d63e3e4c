"""Losses and metrics: one number that says how far a result is from its target.

As in torch they average over all elements; `reduction` changes that. `"batchmean"` sums each sample and averages over
the first dimension: the reduction in which the terms of a variational bound may be added.
"""

from typing import ClassVar, Literal

from nnspec.dims import equal
from nnspec.layers.base import Better, Example, Layer, Pooled, Scores, Sums
from nnspec.layers.families.operators import Divide
from nnspec.layers.loss import (
    DistanceLoss,
    ElementwiseLoss,
    Fraction,
    Loss,
    Positive,
    Reduction,
    need_classes,
    need_same,
    need_shape,
)
from nnspec.layers.tensor_type import ArgumentError, TensorType, need_dtype


class MSELoss(DistanceLoss):
    """The mean squared difference.

    Shapes: input [...], target of the same shape or a number -> []. Source: torch.nn.MSELoss.
    """

    function: ClassVar[str | None] = "mse"

    examples: ClassVar = (
        Example("mse(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example("mse(a, 1)", ("float[N, 3]",)),
        Example('mse(a, b, reduction = "sum")', ("float[N, 3]", "float[N, 3]")),
        Example('mse(a, b, reduction = "none")', ("float[N, 3]", "float[N, 3]")),
        Example('mse(a, b, reduction = "batchmean")', ("float[N, 3, 4]", "float[N, 3, 4]")),
    )


class L1Loss(DistanceLoss):
    """The mean absolute difference.

    Shapes: input [...], target of the same shape or a number -> []. Source: torch.nn.L1Loss.
    """

    function: ClassVar[str | None] = "mae"

    examples: ClassVar = (
        Example("mae(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example("mae(a, 1)", ("float[N, 3]",)),
        Example('mae(a, b, reduction = "batchmean")', ("float[N, 3]", "float[N, 3]")),
    )


class HuberLoss(ElementwiseLoss):
    """Half the squared difference up to `delta`, linear beyond it.

    Shapes: input [...], target of the same shape -> []. Source: torch.nn.HuberLoss.
    """

    function: ClassVar[str | None] = "huber"

    delta: Positive = 1.0

    examples: ClassVar = (
        Example("huber(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example("huber(a, b, delta = 0.25)", ("float[N, 3]", "float[N, 3]")),
    )


class SmoothL1Loss(ElementwiseLoss):
    """Half the squared difference over `beta` up to `beta`, the absolute difference less half of `beta` beyond it.

    Shapes: input [...], target of the same shape -> []. Source: torch.nn.SmoothL1Loss.
    """

    function: ClassVar[str | None] = "smooth_l1"

    beta: Positive = 1.0

    examples: ClassVar = (
        Example("smooth_l1(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example('smooth_l1(a, b, beta = 0.25, reduction = "batchmean")', ("float[N, 3]", "float[N, 3]")),
    )


class Hinge(ElementwiseLoss):
    """The hinge loss: max(0, 1 - input * target), for targets of -1 and 1.

    Shapes: input [...], target of the same shape -> []. Source: Cortes & Vapnik 1995; torch.Tensor.clamp.
    """

    function: ClassVar[str | None] = "hinge"

    examples: ClassVar = (
        Example("hinge(a, sign(b))", ("float[N, 3]", "float[N, 3]")),
        Example('hinge(a, sign(b), reduction = "batchmean")', ("float[N, 3]", "float[N, 3]")),
    )


class FocalLoss(ElementwiseLoss):
    """Binary cross entropy of logits in which what is right already counts little: times (1 - p) ** gamma, for the
    probability p of the target; and times `alpha` for targets of 1, 1 - `alpha` for targets of 0.

    Shapes: input [...] of logits, target of the same shape -> []. Source: Lin et al. 2017, equation 5;
    torchvision.ops.sigmoid_focal_loss.
    """

    expects: ClassVar[Scores | None] = "logits"
    function: ClassVar[str | None] = "focal"

    alpha: Fraction = 0.25
    gamma: Positive = 2.0

    examples: ClassVar = (
        Example("focal(a, relu(sign(b)))", ("float[N, 3]", "float[N, 3]")),
        Example('focal(a, sigmoid(b), gamma = 1.5, alpha = 0.5, reduction = "sum")', ("float[N, 3]", "float[N, 3]")),
    )


class BCELoss(DistanceLoss):
    """Binary cross entropy of probabilities; logarithms are cut at -100.

    Shapes: input [...] of values within 0 and 1, target of the same shape or a number -> []. Source:
    torch.nn.BCELoss.
    """

    expects: ClassVar[Scores | None] = "probabilities"
    function: ClassVar[str | None] = "binary_cross_entropy"

    examples: ClassVar = (
        Example("binary_cross_entropy(sigmoid(a), sigmoid(b))", ("float[N, 3]", "float[N, 3]")),
        Example("binary_cross_entropy(sigmoid(a), 0.9)", ("float[N, 3]",)),
        Example(
            'binary_cross_entropy(sigmoid(a), sigmoid(b), reduction = "batchmean")', ("float[N, 3]", "float[N, 3]")
        ),
    )

    def infer(self, input: TensorType, target: TensorType | None = None) -> TensorType:
        if self.value is not None and not 0 <= self.value <= 1:
            raise ArgumentError("value", f"{self.value} is no probability", help="give a number from 0 to 1")
        return super().infer(input, target)


class BCEWithLogitsLoss(DistanceLoss):
    """Binary cross entropy of logits: of the sigmoid of the input, safe for large ones.

    `pos_weight` is a factor on what targets of 1 count: 9 where one in ten is positive; a list has one for each place
    along the last dimension.

    Shapes: input [...], target of the same shape or a number -> []. Source: torch.nn.BCEWithLogitsLoss.
    """

    expects: ClassVar[Scores | None] = "logits"
    function: ClassVar[str | None] = "binary_cross_entropy_with_logits"

    pos_weight: Positive | tuple[Positive, ...] | None = None

    examples: ClassVar = (
        Example("binary_cross_entropy_with_logits(a, sigmoid(b))", ("float[N, 3]", "float[N, 3]")),
        Example("binary_cross_entropy_with_logits(a, 1)", ("float[N, 3]",)),
        Example('binary_cross_entropy_with_logits(a, sigmoid(b), reduction = "sum")', ("float[N, 3]", "float[N, 3]")),
        Example("binary_cross_entropy_with_logits(a, sigmoid(b), pos_weight = 3)", ("float[N, H]", "float[N, H]")),
        Example(
            'binary_cross_entropy_with_logits(a, sigmoid(b), pos_weight = [1, 2.5, 9], reduction = "none")',
            ("float[N, 3]", "float[N, 3]"),
        ),
    )

    def infer(self, input: TensorType, target: TensorType | None = None) -> TensorType:
        weights = self.pos_weight
        if isinstance(weights, tuple) and (not input.rank or equal(len(weights), input.shape[-1]) is not True):
            places = f"{input.shape[-1]} places along the last dimension" if input.rank else "the only number"
            raise ArgumentError("pos_weight", f"needs one for each of {places}, has {len(weights)}")
        return super().infer(input, target)

    def mixed(self, *inputs: TensorType | None) -> tuple[tuple[int, ...], ...]:
        found = super().mixed(*inputs)
        if self.reduction != "none" or not isinstance(self.pos_weight, tuple):
            return found
        return tuple(() if each is None else (each.rank - 1,) for each in inputs)


class _Classification(Loss):
    """A loss of classes along dimension 1 against the index of the right one."""

    ignore_index: int = -100

    def classes(self, input: TensorType, target: TensorType) -> TensorType:
        """The type of the loss.

        Raises:
            InputError: there is no dimension of classes, or the target does not fit.
        """
        need_classes(input, target)
        if self.reduction == "batchmean":
            raise ArgumentError("reduction", 'cannot be "batchmean" for classes', help='write "mean" or "sum"')
        return self.reduced(*target.shape)

    def mixed(self, input: TensorType, target: TensorType) -> tuple[tuple[int, ...], ...]:
        if self.reduction != "none":
            return super().mixed(input, target)
        return (1,), (() if target.dtype == "int" else (1,))

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        """The mean is over the targets that count: their losses are added, and so are they."""
        target = inputs[1]
        if places[0] == 1 or self.reduction != "mean" or target is None or target.dtype != "int":
            return None if places[0] == 1 else super().pooled(places, *inputs)
        weights: tuple[float, ...] | None = getattr(self, "class_weights", None)
        counted = CountedTargets(ignore_index=self.ignore_index, class_weights=weights)
        return Sums(((self.model_copy(update={"reduction": "sum"}), (0, 1)), (counted, (1,))), Divide())


class CrossEntropyLoss(_Classification):
    """Cross entropy of logits along dimension 1 with the class of each sample, or with its probabilities.

    Targets equal to `ignore_index` do not count; `class_weights` has a factor for each class, torch's `weight`.

    Shapes: input [N, classes, ...], target int [N, ...] or float [N, classes, ...] -> []. Source:
    torch.nn.CrossEntropyLoss.
    """

    expects: ClassVar[Scores | None] = "logits"
    function: ClassVar[str | None] = "cross_entropy"
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"class_weights", "reduction"})

    label_smoothing: Fraction = 0.0
    class_weights: tuple[Positive, ...] | None = None

    examples: ClassVar = (
        Example("cross_entropy(a, argmax(b, dim = 1))", ("float[N, 5]", "float[N, 5]")),
        Example(
            "cross_entropy(a, argmax(b, dim = 1), ignore_index = 1, label_smoothing = 0.1)",
            ("float[N, 5, H]", "float[N, 5, H]"),
        ),
        Example(
            'cross_entropy(a, argmax(b, dim = 1), ignore_index = 0, reduction = "none")',
            ("float[N, 5]", "float[N, 5]"),
        ),
        Example("cross_entropy(a, argmax(b, dim = 1), class_weights = [1, 2, 0.5])", ("float[N, 3]", "float[N, 3]")),
        Example(
            "cross_entropy(a, argmax(b, dim = 1), class_weights = [1, 2, 3], label_smoothing = 0.1, ignore_index = 1)",
            ("float[N, 3, H]", "float[N, 3, H]"),
        ),
        Example("cross_entropy(a, softmax(b, dim = 1), class_weights = [1, 2, 3])", ("float[N, 3]", "float[N, 3]")),
        Example("cross_entropy(a, softmax(b, dim = 1))", ("float[N, 5]", "float[N, 5]")),
        Example(
            'cross_entropy(a, softmax(b, dim = 1), label_smoothing = 0.1, reduction = "sum")',
            ("float[N, 5, H]", "float[N, 5, H]"),
        ),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        weights = self.class_weights
        if weights is not None and input.rank > 1 and equal(len(weights), input.shape[1]) is not True:
            raise ArgumentError("class_weights", f"needs one for each of {input.shape[1]} classes, has {len(weights)}")
        if target.dtype != "float" or input.rank < 2:
            return self.classes(input, target)
        need_dtype(input, "float")
        need_shape(target, input.shape)
        if self.ignore_index != -100:
            raise ArgumentError("ignore_index", "needs classes for targets, and these are probabilities")
        if self.reduction == "batchmean":
            raise ArgumentError("reduction", 'cannot be "batchmean" for classes', help='write "mean" or "sum"')
        return self.reduced(input.shape[0], *input.shape[2:])


class NLLLoss(_Classification):
    """The negative log-likelihood of the right class, of log-probabilities along dimension 1.

    Shapes: input [N, classes, ...], target int [N, ...] -> []. Source: torch.nn.NLLLoss.
    """

    expects: ClassVar[Scores | None] = "log-probabilities"
    function: ClassVar[str | None] = "nll_loss"

    examples: ClassVar = (
        Example("nll_loss(log_softmax(a, dim = 1), argmax(b, dim = 1))", ("float[N, 5]", "float[N, 5]")),
        Example(
            'nll_loss(log_softmax(a, dim = 1), argmax(b, dim = 1), ignore_index = 2, reduction = "sum")',
            ("float[N, 5, H]", "float[N, 5, H]"),
        ),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        return self.classes(input, target)


class GaussianKL(Loss):
    """The divergence of a normal distribution from the standard one: -(1 + logvar - mu^2 - exp(logvar)) / 2.

    It is summed over each sample and averaged over the batch, unless `reduction` says otherwise: add it to a
    reconstruction loss of `reduction = "batchmean"`.

    Shapes: mean [N, ...], logarithm of the variance of the same shape -> []. Source: Kingma & Welling 2014,
    appendix B.
    """

    inputs: ClassVar[tuple[str, ...]] = ("mu", "logvar")
    function: ClassVar[str | None] = "kl_divergence"

    reduction: Reduction = "batchmean"

    examples: ClassVar = (
        Example("kl_divergence(a, b)", ("float[N, 4]", "float[N, 4]")),
        Example('kl_divergence(a, b, reduction = "sum")', ("float[N, 4]", "float[N, 4]")),
        Example('kl_divergence(a, b, reduction = "none")', ("float[N, 4]", "float[N, 4]")),
    )

    def infer(self, mu: TensorType, logvar: TensorType) -> TensorType:
        need_same(mu, logvar)
        return self.reduced(*mu.shape)

    def mixed(self, mu: TensorType, logvar: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((), ()) if self.reduction == "none" else super().mixed(mu, logvar)


class CountedTargets(Layer):
    """The number of targets in a mean over classes: those that are not `ignore_index`, each times its class's weight.

    A mean over several batches of different lengths is the sum of `cross_entropy(..., reduction = "sum")` over the sum
    of these.

    Shapes: int [...] -> []. Source: torch.nn.CrossEntropyLoss, the denominator of its mean.
    """

    inputs: ClassVar[tuple[str, ...]] = ("target",)

    ignore_index: int | None = None
    class_weights: tuple[Positive, ...] | None = None

    examples: ClassVar = (
        Example("argmax(a, dim = 1) -> CountedTargets", ("float[N, 3, H]",)),
        Example("argmax(a, dim = 1) -> CountedTargets(ignore_index = 1)", ("float[N, 3, H]",)),
        Example(
            "argmax(a, dim = 1) -> CountedTargets(ignore_index = 0, class_weights = [1, 2, 0.5])", ("float[N, 3, H]",)
        ),
    )

    def infer(self, target: TensorType) -> TensorType:
        need_dtype(target, "int")
        return TensorType("float", ())

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return "sum"


class Accuracy(Layer):
    """The fraction of samples whose greatest value along dimension 1 is that of the right class.

    Targets equal to `ignore_index` do not count; it is no number where no other target is left. `reduction = "sum"`
    gives how many are right.

    Shapes: input [N, classes, ...], target int [N, ...] -> []. Source: torch.argmax, torch.Tensor.mean.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "accuracy"
    better: ClassVar[Better | None] = "higher"

    ignore_index: int | None = None
    reduction: Literal["mean", "sum"] = "mean"

    examples: ClassVar = (
        Example("accuracy(a, argmax(b, dim = 1))", ("float[N, 3]", "float[N, 3]")),
        Example("accuracy(a, argmax(b, dim = 1), ignore_index = 0)", ("float[N, 3, H]", "float[N, 3, H]")),
        Example(
            'accuracy(a, argmax(b, dim = 1), ignore_index = 0, reduction = "sum")', ("float[N, 3, H]", "float[N, 3, H]")
        ),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_classes(input, target)
        return TensorType("float", ())

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        if places[0] == 1:
            return None
        if self.reduction == "sum" or self.ignore_index is None:
            return self.reduction
        right = self.model_copy(update={"reduction": "sum"})
        return Sums(((right, (0, 1)), (CountedTargets(ignore_index=self.ignore_index), (1,))), Divide())
