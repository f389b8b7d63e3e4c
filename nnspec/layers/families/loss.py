"""Losses and metrics: one number that says how far a result is from its target.

As in torch they average over all elements; `reduction` changes that. `"batchmean"` sums each sample and averages over
the first dimension: the reduction in which the terms of a variational bound may be added.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nnspec.dims import Size, equal
from nnspec.layers.base import ArgumentError, Example, InputError, Layer, TensorType, need_dtype

Reduction = Literal["mean", "sum", "none", "batchmean"]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class _Loss(Layer):
    """A number for every element, reduced."""

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    keyword_only: ClassVar[frozenset[str]] = frozenset({"reduction"})

    reduction: Reduction = "mean"

    def reduced(self, *shape: Size) -> TensorType:
        """The type that is left of losses of this shape."""
        if self.reduction == "batchmean" and not shape:
            raise ArgumentError("reduction", "a single number has no batch to average over", 'write "mean"')
        return TensorType("float", shape if self.reduction == "none" else ())


class _Elementwise(_Loss):
    """A loss of each element against the target's element at the same place."""

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_dtype(target, "float", index=1)
        need_shape(target, input.shape)
        return self.reduced(*input.shape)


def need_shape(target: TensorType, shape: tuple[Size, ...]) -> None:
    """Check that a target has the shape that its input asks for.

    Raises:
        InputError: it has another one, or one that cannot be shown to be the same.
    """
    same = len(shape) == target.rank and all(equal(a, b) for a, b in zip(shape, target.shape, strict=True))
    if not same:
        wanted = target.with_shape(*shape)
        raise InputError(
            f"needs a target of shape {wanted}, and gets {target}", "bring both to the same shape", index=1
        )


class MSELoss(_Elementwise):
    """The mean squared difference.

    Shapes: input [...], target of the same shape -> []. Source: torch.nn.MSELoss.
    """

    function: ClassVar[str | None] = "mse"

    examples: ClassVar = (
        Example("mse(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example('mse(a, b, reduction = "sum")', ("float[N, 3]", "float[N, 3]")),
        Example('mse(a, b, reduction = "none")', ("float[N, 3]", "float[N, 3]")),
        Example('mse(a, b, reduction = "batchmean")', ("float[N, 3, 4]", "float[N, 3, 4]")),
    )


class L1Loss(_Elementwise):
    """The mean absolute difference.

    Shapes: input [...], target of the same shape -> []. Source: torch.nn.L1Loss.
    """

    function: ClassVar[str | None] = "mae"

    examples: ClassVar = (
        Example("mae(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example('mae(a, b, reduction = "batchmean")', ("float[N, 3]", "float[N, 3]")),
    )


class HuberLoss(_Elementwise):
    """Half the squared difference up to `delta`, linear beyond it.

    Shapes: input [...], target of the same shape -> []. Source: torch.nn.HuberLoss.
    """

    function: ClassVar[str | None] = "huber"

    delta: Positive = 1.0

    examples: ClassVar = (
        Example("huber(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example("huber(a, b, delta = 0.25)", ("float[N, 3]", "float[N, 3]")),
    )


class BCELoss(_Elementwise):
    """Binary cross entropy of probabilities; logarithms are cut at -100.

    Shapes: input [...] of values within 0 and 1, target of the same shape -> []. Source: torch.nn.BCELoss.
    """

    function: ClassVar[str | None] = "binary_cross_entropy"

    examples: ClassVar = (
        Example("binary_cross_entropy(sigmoid(a), sigmoid(b))", ("float[N, 3]", "float[N, 3]")),
        Example(
            'binary_cross_entropy(sigmoid(a), sigmoid(b), reduction = "batchmean")', ("float[N, 3]", "float[N, 3]")
        ),
    )


class BCEWithLogitsLoss(_Elementwise):
    """Binary cross entropy of logits: of the sigmoid of the input, safe for large ones.

    Shapes: input [...], target of the same shape -> []. Source: torch.nn.BCEWithLogitsLoss.
    """

    function: ClassVar[str | None] = "binary_cross_entropy_with_logits"

    examples: ClassVar = (
        Example("binary_cross_entropy_with_logits(a, sigmoid(b))", ("float[N, 3]", "float[N, 3]")),
        Example('binary_cross_entropy_with_logits(a, sigmoid(b), reduction = "sum")', ("float[N, 3]", "float[N, 3]")),
    )


class _Classification(_Loss):
    """A loss of classes along dimension 1 against the index of the right one."""

    ignore_index: int = -100

    def classes(self, input: TensorType, target: TensorType) -> TensorType:
        """The type of the loss.

        Raises:
            InputError: there is no dimension of classes, or the target does not fit.
        """
        need_dtype(input, "float")
        if input.rank < 2:
            raise InputError(f"needs classes along dimension 1, and gets {input}", "give it [N, classes]")
        need_dtype(target, "int", index=1)
        need_shape(target, (input.shape[0], *input.shape[2:]))
        if self.reduction == "batchmean":
            raise ArgumentError("reduction", 'cannot be "batchmean" for classes', help='write "mean" or "sum"')
        return self.reduced(*target.shape)


class CrossEntropyLoss(_Classification):
    """Cross entropy of logits along dimension 1 with the class of each sample, or with its probabilities.

    Targets equal to `ignore_index` do not count. Shapes: input [N, classes, ...], target int [N, ...] or
    float [N, classes, ...] -> []. Source: torch.nn.CrossEntropyLoss.
    """

    function: ClassVar[str | None] = "cross_entropy"

    label_smoothing: Fraction = 0.0

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
        Example("cross_entropy(a, softmax(b, dim = 1))", ("float[N, 5]", "float[N, 5]")),
        Example(
            'cross_entropy(a, softmax(b, dim = 1), label_smoothing = 0.1, reduction = "sum")',
            ("float[N, 5, H]", "float[N, 5, H]"),
        ),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
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


class GaussianKL(_Loss):
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
        need_dtype(mu, "float")
        need_dtype(logvar, "float", index=1)
        need_shape(logvar, mu.shape)
        return self.reduced(*mu.shape)


class Accuracy(Layer):
    """The fraction of samples whose greatest value along dimension 1 is that of the right class.

    Shapes: input [N, classes, ...], target int [N, ...] -> []. Source: torch.argmax, torch.Tensor.mean.
    """

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "accuracy"
    higher_is_better: ClassVar[bool] = True  # of a metric: the best weights are those of its greatest value

    examples: ClassVar = (Example("accuracy(a, argmax(b, dim = 1))", ("float[N, 3]", "float[N, 3]")),)

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_dtype(input, "float")
        if input.rank < 2:
            raise InputError(f"needs classes along dimension 1, and gets {input}", "give it [N, classes]")
        need_dtype(target, "int", index=1)
        need_shape(target, (input.shape[0], *input.shape[2:]))
        return TensorType("float", ())
