"""Layers that reduce dimensions to one value: sums, means, extremes, deviations, norms; and what elements so far give.

`dim` is a dimension, several, or none for all of them; `keepdim` leaves a dimension of size 1 in their place.
"""

from typing import ClassVar, Literal

from nnspec.dims import Expression, Size, equal, product
from nnspec.layers.base import Continued, Example, Kept, Layer, Pooled
from nnspec.layers.continued import along
from nnspec.layers.families.combine import Add
from nnspec.layers.families.indexing import Slice
from nnspec.layers.reshaping import distinct_axes, replaced
from nnspec.layers.tensor_type import ArgumentError, DType, InputError, TensorType, axis, need_dtype


class _Reduction(Layer):
    """One number from the elements along some dimensions."""

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    takes: ClassVar[tuple[DType, ...]] = ("float",)

    dim: int | tuple[int, ...] | None = None
    keepdim: bool = False

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, *self.takes)
        return reduced(input, self.axes(input), self.keepdim)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (self.axes(input),)

    def axes(self, input: TensorType) -> tuple[int, ...]:
        """The dimensions that are reduced, without negative indices."""
        if self.dim is None:
            return tuple(range(input.rank))
        if self.dim == ():
            raise ArgumentError("dim", "no dimension is named", help="leave dim out to reduce all of them")
        return distinct_axes((self.dim,) if isinstance(self.dim, int) else self.dim, input.rank, "dim")


class _SingleReduction(Layer):
    """A reduction of one dimension, or of all elements."""

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    takes: ClassVar[tuple[DType, ...]] = ("float", "int")
    gives: ClassVar[DType | None] = None

    dim: int | None = None
    keepdim: bool = False

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, *self.takes)
        axes = tuple(range(input.rank)) if self.dim is None else (axis(self.dim, input.rank),)
        return TensorType(self.gives or input.dtype, reduced(input, axes, self.keepdim).shape)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return super().mixed(input) if self.dim is None else ((axis(self.dim, input.rank),),)


def reduced(input: TensorType, axes: tuple[int, ...], keepdim: bool) -> TensorType:
    """The type that is left after some dimensions are reduced."""
    if keepdim:
        return input.with_shape(*(1 if index in axes else size for index, size in enumerate(input.shape)))
    return input.with_shape(*(size for index, size in enumerate(input.shape) if index not in axes))


class Sum(_Reduction):
    """The sum along dimensions.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.sum.
    """

    function: ClassVar[str | None] = "sum"
    takes: ClassVar[tuple[DType, ...]] = ("float", "int")

    examples: ClassVar = (
        Example("sum(a)"),
        Example("sum(a, dim = 1)", ("int[N, T]",)),
        Example("Sum([-1, -2], keepdim = true)"),
    )

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return "sum"


class Mean(_Reduction):
    """The mean along dimensions.

    Shapes: dim = [2, 3]: [N, C, H, W] -> [N, C]. Source: torch.mean.
    """

    function: ClassVar[str | None] = "mean"

    examples: ClassVar = (
        Example("mean(a)"),
        Example("Mean(1, keepdim = true)", ("float[N, T, 4]",)),
        Example("Mean([2, 3])"),
    )

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return "mean"


class Max(_Reduction):
    """The greatest element along dimensions.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.amax.
    """

    function: ClassVar[str | None] = "max"
    takes: ClassVar[tuple[DType, ...]] = ("float", "int")

    examples: ClassVar = (
        Example("max(a)"),
        Example("max(a, dim = -1)", ("int[N, T]",)),
        Example("Max([2, 3], keepdim = true)"),
    )


class Min(_Reduction):
    """The least element along dimensions.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.amin.
    """

    function: ClassVar[str | None] = "min"
    takes: ClassVar[tuple[DType, ...]] = ("float", "int")

    examples: ClassVar = (Example("min(a)", ("int[N, T]",)), Example("min(a, dim = [1, 2])"))


class Prod(_SingleReduction):
    """The product along one dimension, or of all elements.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.prod.
    """

    function: ClassVar[str | None] = "prod"

    examples: ClassVar = (
        Example("prod(a)", ("float[2, 3]",)),
        Example("prod(a, dim = 1, keepdim = true)", ("float[N, 3]",)),
        Example("Prod(-1)", ("int[N, 3]",)),
    )


class _Spread(_Reduction):
    """The spread of elements around their mean."""

    unbiased: bool = True

    def infer(self, input: TensorType) -> TensorType:
        result = super().infer(input)
        if self.unbiased and self.count(input) == 1:
            raise InputError("gets one element, which has no unbiased variance", help="write unbiased = false")
        return result

    def count(self, input: TensorType) -> Size:
        """The number of elements that one result is made from."""
        return product(input.shape[index] for index in self.axes(input))


class Variance(_Spread):
    """The variance along dimensions: squared distances from the mean over n - 1, or over n unless `unbiased`.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.var.
    """

    function: ClassVar[str | None] = "var"

    examples: ClassVar = (
        Example("var(a)"),
        Example("var(a, dim = 1)", ("float[N, 3]",)),
        Example("Variance([2, 3], keepdim = true, unbiased = false)"),
    )


class StandardDeviation(_Spread):
    """The root of the variance along dimensions, which is over n - 1, or over n unless `unbiased`.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.std.
    """

    function: ClassVar[str | None] = "std"

    examples: ClassVar = (
        Example("std(a)"),
        Example("std(a, dim = 1)", ("float[N, T]",)),
        Example("StandardDeviation(-1, unbiased = false)"),
    )


class LogSumExp(_Reduction):
    """The logarithm of the sum of the exponentials along dimensions, safe for large elements.

    Shapes: dim = 1: [N, T, C] -> [N, C]. Source: torch.logsumexp.
    """

    function: ClassVar[str | None] = "logsumexp"

    examples: ClassVar = (Example("logsumexp(a)"), Example("logsumexp(a, dim = 1, keepdim = true)", ("float[N, T]",)))


class Norm(_Reduction):
    """The length of the vectors along dimensions: the Euclidean norm, or with p = 1 the sum of absolute values.

    Shapes: dim = 1: [N, C] -> [N]. Source: torch.linalg.vector_norm.
    """

    by_position: ClassVar[tuple[str, ...]] = ()
    function: ClassVar[str | None] = "norm"

    p: Literal[1, 2] = 2

    examples: ClassVar = (
        Example("norm(a)"),
        Example("norm(a, dim = -1, keepdim = true)", ("float[N, T]",)),
        Example("Norm(dim = [2, 3], p = 1)"),
    )

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        return ("p", "dim", "keepdim")


class ArgMax(_SingleReduction):
    """The index of the greatest element along one dimension, or among all elements in order.

    Shapes: dim = 1: [N, C] -> int [N]. Source: torch.argmax.
    """

    function: ClassVar[str | None] = "argmax"
    gives: ClassVar[DType | None] = "int"

    examples: ClassVar = (
        Example("argmax(a, dim = 1)"),
        Example("argmax(a)"),
        Example("ArgMax(-1, keepdim = true)", ("int[N, 5]",)),
    )

    def places(self, input: TensorType) -> Size | None:
        return None if self.dim is None else input.shape[axis(self.dim, input.rank)]


class ArgMin(_SingleReduction):
    """The index of the least element along one dimension, or among all elements in order.

    Shapes: dim = 1: [N, C] -> int [N]. Source: torch.argmin.
    """

    function: ClassVar[str | None] = "argmin"
    gives: ClassVar[DType | None] = "int"

    examples: ClassVar = (Example("argmin(a, dim = 1)"), Example("argmin(a, keepdim = true)"))

    def places(self, input: TensorType) -> Size | None:
        return None if self.dim is None else input.shape[axis(self.dim, input.rank)]


class All(_Reduction):
    """Whether all elements along dimensions are true.

    Shapes: dim = 1: bool [N, T] -> bool [N]. Source: torch.all.
    """

    function: ClassVar[str | None] = "all"
    takes: ClassVar[tuple[DType, ...]] = ("bool",)

    examples: ClassVar = (Example("all(a)", ("bool[N, T]",)), Example("All(1, keepdim = true)", ("bool[N, T, 3]",)))


class Any(_Reduction):
    """Whether any element along dimensions is true.

    Shapes: dim = 1: bool [N, T] -> bool [N]. Source: torch.any.
    """

    function: ClassVar[str | None] = "any"
    takes: ClassVar[tuple[DType, ...]] = ("bool",)

    examples: ClassVar = (Example("any(a)", ("bool[N, T]",)), Example("Any([0, -1])", ("bool[N, T, 3]",)))


class _Cumulative(Layer):
    """The base of running reductions along a dimension."""

    by_position: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float", "int")
        axis(self.dim, input.rank)
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)


class CumulativeSum(_Cumulative):
    """The sum of all elements so far along a dimension.

    Shapes: any -> the same. Source: torch.cumsum.
    """

    function: ClassVar[str | None] = "cumsum"

    examples: ClassVar = (
        Example("cumsum(a, dim = 1)"),
        Example("CumulativeSum(-1)", ("int[N, T]",)),
        Example("cumsum(a, dim = 1)", ("float[N, T, 3]",)),
    )

    def continued(self, time: Expression, past: Expression, input: TensorType) -> Continued | None:
        dim = axis(self.dim, input.rank)
        if not along(time, input.shape[dim]):
            return None
        if not equal(input.shape[dim], time):
            raise InputError(f"sums over {input.shape[dim]} places, which is not one for each along {time}")
        total = Kept("total", 0, replaced(input, dim, 1), trim=Slice(dim=dim, start=-1), after=Add())
        return Continued(self, (total,))


class CumulativeProduct(_Cumulative):
    """The product of all elements so far along a dimension.

    Shapes: any -> the same. Source: torch.cumprod.
    """

    function: ClassVar[str | None] = "cumprod"

    examples: ClassVar = (
        Example("cumprod(a, dim = 1)", ("float[N, T, 3]",), {"T": 5}),
        Example("CumulativeProduct(-1)", ("int[N, T]",)),
        Example("cumprod(a, dim = 0)", ("float[6]",)),
    )
