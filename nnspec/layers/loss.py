"""The base of losses: a target of the right shape, and the reduction of the elements' losses to one number.

(Why there is no `from __future__ import annotations` here: see families/__init__.py.)
"""

from typing import Annotated, ClassVar, Literal

from nnspec.dims import Size, equal
from nnspec.layers.arithmetic import Number
from nnspec.layers.base import Better, Layer, Pooled
from nnspec.layers.numbers import Within
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype

Reduction = Literal["mean", "sum", "none", "batchmean"]
Fraction = Annotated[float, Within(ge=0, le=1)]
Positive = Annotated[float, Within(gt=0.0, finite=True)]


class Loss(Layer):
    """A number for every element, reduced."""

    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"reduction"})
    better: ClassVar[Better | None] = "lower"

    reduction: Reduction = "mean"

    def reduced(self, *shape: Size) -> TensorType:
        """The type that is left of losses of this shape."""
        if self.reduction == "batchmean" and not shape:
            raise ArgumentError("reduction", "a single number has no batch to average over", 'write "mean"')
        return TensorType("float", shape if self.reduction == "none" else ())

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        match self.reduction:
            case "mean":
                return "mean"
            case "batchmean":  # the sum over the first dimension's size, whatever that counts
                return "mean" if places[0] == 0 else "sum"
            case "sum":
                return "sum"
        return None


class ElementwiseLoss(Loss):
    """A loss of each element against the target's element at the same place."""

    def mixed(self, *inputs: TensorType | None) -> tuple[tuple[int, ...], ...]:
        if self.reduction != "none":
            return super().mixed(*inputs)
        return ((),) * len(inputs)

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        return self.reduced(*input.shape)


class DistanceLoss(ElementwiseLoss):
    """A loss of each element against the target's, or against one number for all of them: `mse(score, 1)`."""

    by_position: ClassVar[tuple[str, ...]] = ("value",)
    inputs: ClassVar[tuple[str, ...]] = ("input",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("target",)

    value: Number | None = None

    def infer(self, input: TensorType, target: TensorType | None = None) -> TensorType:
        if target is not None and self.value is None:
            return super().infer(input, target)
        if target is not None or self.value is None:
            raise InputError("needs a target: another tensor, or one number", f"{self.function}(input, target)")
        need_dtype(input, "float")
        return self.reduced(*input.shape)


def need_same(input: TensorType, target: TensorType) -> None:
    """Check that input and target are floats of one shape.

    Raises:
        InputError: they are not.
    """
    need_dtype(input, "float")
    need_dtype(target, "float", index=1)
    need_shape(target, input.shape)


def need_classes(input: TensorType, target: TensorType) -> None:
    """Check that the input has a score for every class along dimension 1, and the target an index in its place.

    Raises:
        InputError: there is no dimension of classes, or the target does not fit.
    """
    need_dtype(input, "float")
    if input.rank < 2:
        raise InputError(f"needs classes along dimension 1, and gets {input}", "give it [N, classes]")
    need_dtype(target, "int", index=1)
    need_shape(target, (input.shape[0], *input.shape[2:]))


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
