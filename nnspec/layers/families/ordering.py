"""Layers that order the elements along a dimension: the greatest ones, all of them, and the places that they had."""

from typing import ClassVar

from nnspec.dims import Expression, Size
from nnspec.layers.base import Example, Layer
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.reshaping import need_positive, replaced
from nnspec.layers.tensor_type import TensorType, axis, need_dtype


class TopK(Layer):
    """The `k` greatest elements along a dimension, or with `largest = false` the least, and their indices.

    The best come first unless `sorted = false`. Which one of equal elements is taken is not promised: `sort` promises.
    Shapes: [..., S, ...] -> `values` [..., k, ...] and `indices`, whole numbers of the same shape.
    Raises an error where k is more than S. Source: torch.topk.
    """

    by_position: ClassVar[tuple[str, ...]] = ("k",)
    function: ClassVar[str | None] = "topk"
    outputs: ClassVar[tuple[str, ...]] = ("values", "indices")
    first_is_value: ClassVar[bool] = True

    k: PositiveInt | Expression
    dim: int = -1
    largest: bool = True
    sorted: bool = True

    examples: ClassVar = (
        Example("TopK(2)", ("float[N, 8]",)),
        Example("topk(a, 3, dim = 1, largest = false)"),
        Example("TopK(T, dim = 1)", ("float[N, T, 4]",)),
        Example("TopK(k, dim = -2)", ("float[N, k + 3, 4]",), {"k": 2}),
        Example("max(topk(a, 1, sorted = false), dim = -1)", ("int[N, T]",)),
    )

    def infer(self, input: TensorType) -> tuple[TensorType, ...]:
        need_dtype(input, "float", "int")
        place = axis(self.dim, input.rank)
        size = input.shape[place]
        need_positive(size - self.k + 1, "k", f"takes {self.k} of {size} elements", help=f"take {size} at most")
        values = replaced(input, place, self.k)
        return values, TensorType("int", values.shape)

    def places(self, input: TensorType) -> Size | None:
        return input.shape[axis(self.dim, input.rank)]

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)


class _Ordering(Layer):
    """All elements along a dimension in order; equal ones keep theirs."""

    by_position: ClassVar[tuple[str, ...]] = ("dim",)

    dim: int = -1
    descending: bool = False

    def places(self, input: TensorType) -> Size | None:
        return input.shape[axis(self.dim, input.rank)]

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, input.rank),),)


class Sort(_Ordering):
    """The elements in order along a dimension, the least first unless `descending`, and their indices.

    Equal elements keep their order, as with torch's `stable = True`.
    Shapes: any -> `values` of the same shape, and `indices`, whole numbers of that shape. Source: torch.sort.
    """

    function: ClassVar[str | None] = "sort"
    outputs: ClassVar[tuple[str, ...]] = ("values", "indices")
    first_is_value: ClassVar[bool] = True

    examples: ClassVar = (
        Example("Sort"),
        Example("sort(a, dim = 1, descending = true)", ("float[N, T, 3]",)),
        Example("Sort(-1)", ("int[N, T]",)),
        Example("Sort(0, descending = true)", ("int[5]",)),
    )

    def infer(self, input: TensorType) -> tuple[TensorType, ...]:
        need_dtype(input, "float", "int")
        axis(self.dim, input.rank)
        return input, TensorType("int", input.shape)


class ArgSort(_Ordering):
    """The indices that put the elements along a dimension in order, the least first unless `descending`.

    Equal elements keep their order, as with torch's `stable = True`. Shapes: any -> whole numbers of the same shape.
    Source: torch.argsort.
    """

    function: ClassVar[str | None] = "argsort"

    examples: ClassVar = (
        Example("argsort(a)", ("int[N, T]",)),
        Example("ArgSort(1, descending = true)", ("float[N, 3, T]",)),
        Example("argsort(argsort(a), dim = 1)", ("float[N, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float", "int")
        axis(self.dim, input.rank)
        return TensorType("int", input.shape)
