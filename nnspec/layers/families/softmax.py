"""Softmax and its kin, along one dimension. Also functions: `softmax(scores, -1)`."""

from typing import ClassVar

from nnspec.layers.base import Example, Layer, Scores
from nnspec.layers.tensor_type import TensorType, axis, need_dtype, need_rank


class _AlongDimension(Layer):
    """A function of floats that keeps the shape and looks along one dimension.

    `dim` is the last dimension by default, where torch leaves it to the number of dimensions (and warns).
    """

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    activation: ClassVar[bool] = True

    dim: int = -1

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        axis(self.dim, input.rank)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)


class Softmax(_AlongDimension):
    """Turns scores into probabilities along `dim` (the last dimension by default): exp(x) / sum(exp(x)).

    Shapes: any. Raises an error where there is no dimension `dim`. Source: torch.nn.Softmax.
    """

    makes: ClassVar[Scores | None] = "probabilities"
    function: ClassVar[str | None] = "softmax"
    examples: ClassVar = (
        Example("Softmax", ("float[N, 10]",)),
        Example("Softmax(1)"),
        Example("softmax(a, -2)", ("float[N, T, 5]",)),
    )


class Softmin(_AlongDimension):
    """The softmax of -x along `dim` (the last dimension by default).

    Shapes: any. Raises an error where there is no dimension `dim`. Source: torch.nn.Softmin.
    """

    makes: ClassVar[Scores | None] = "probabilities"
    function: ClassVar[str | None] = "softmin"
    examples: ClassVar = (Example("Softmin", ("float[N, 10]",)), Example("Softmin(dim = 1)"))


class LogSoftmax(_AlongDimension):
    """The logarithm of the softmax along `dim` (the last dimension by default), computed without overflow.

    Shapes: any. Raises an error where there is no dimension `dim`. Source: torch.nn.LogSoftmax.
    """

    makes: ClassVar[Scores | None] = "log-probabilities"
    function: ClassVar[str | None] = "log_softmax"
    examples: ClassVar = (Example("LogSoftmax", ("float[N, 10]",)), Example("LogSoftmax(dim = 1)"))


class Softmax2d(Layer):
    """The softmax over the channels at each place of an image.

    Shapes: [N, C, H, W], kept. Source: torch.nn.Softmax2d.
    """

    makes: ClassVar[Scores | None] = "probabilities"
    activation: ClassVar[bool] = True
    examples: ClassVar = (Example("Softmax2d"),)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((1,),)

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_rank(input, 4)
        return input
