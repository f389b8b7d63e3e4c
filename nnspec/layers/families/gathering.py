"""Layers that pick elements along a dimension by a tensor of indices, place by place, or put them there."""

from typing import ClassVar, Literal

from nnspec.dims import at_least, equal
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import InputError, TensorType, axis, need_dtype


def _need_indices(input: TensorType, indices: TensorType, place: int) -> None:
    """Check whole numbers with as many dimensions as the input, none of the others larger than its own.

    Raises:
        InputError: they are not.
    """
    need_dtype(indices, "int", index=1)
    if indices.rank != input.rank:
        message = f"needs indices of {input.rank} dimensions, as the input has, and gets {indices}"
        raise InputError(message, help="`take(x, indices, dim)` picks whole rows by indices of any shape", index=1)
    for dim, (have, want) in enumerate(zip(indices.shape, input.shape, strict=True)):
        if dim != place and not at_least(want, have):
            known = "is larger than" if isinstance(have, int) and isinstance(want, int) else "is not known to be within"
            raise InputError(f"has indices {indices}, whose dimension {dim} {known} that of the input {input}", index=1)


def _mixed(input: TensorType, indices: TensorType, place: int) -> tuple[int, ...]:
    """The dimension that indices count along, and those of which they cover a part only."""
    sizes = enumerate(zip(indices.shape, input.shape, strict=True))
    return tuple(dim for dim, (have, want) in sizes if dim == place or not equal(have, want))


class Gather(Layer):
    """The element of each place's own row that its index names: result[i, j] = input[i, indices[i, j]] for dim = 1.

    The indices have as many dimensions as the input, and none but `dim` is larger; they count from 0 to its size.
    Shapes: [N, V], int [N, T] -> [N, T] with dim = 1. Source: torch.gather.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    inputs: ClassVar[tuple[str, ...]] = ("input", "indices")
    function: ClassVar[str | None] = "gather"

    dim: int

    examples: ClassVar = (
        Example("gather(a, b, dim = 1)", ("float[N, 7]", "int[N, T]")),
        Example("Gather(-1)", ("float[N, 2, 5]", "int[N, 2, 1]")),
        Example("gather(a, b, dim = 0)", ("int[4, T]", "int[2, T]")),
        Example("gather(a, b, dim = 1)", ("float[N, 5, T]", "int[N, 2, 1]")),
        Example("gather(a, argsort(a), dim = -1)", ("float[N, T]",)),
        Example("gather(a, b, dim = 1)", ("bool[N, 4]", "int[N, 4]")),
    )

    def infer(self, input: TensorType, indices: TensorType) -> TensorType:
        _need_indices(input, indices, axis(self.dim, input.rank))
        return input.with_shape(*indices.shape)

    def mixed(self, input: TensorType, indices: TensorType) -> tuple[tuple[int, ...], ...]:
        place = axis(self.dim, input.rank)
        return _mixed(input, indices, place), tuple(dim for dim in _mixed(input, indices, place) if dim != place)


class Scatter(Layer):
    """The input with the source's elements where their indices say: result[i, indices[i, j]] = source[i, j], dim = 1.

    With `reduce` they are combined with what is there: "sum" (torch's scatter_add), "prod", "amax" or "amin"; without,
    each replaces it, and which one stays where two indices are equal is not promised. The indices have as many
    dimensions as the input, and none but `dim` is larger; the source has their shape, or is one number for all.
    Shapes: [N, V], int [N, T], [N, T] -> [N, V]. Source: torch.scatter, torch.scatter_reduce.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    inputs: ClassVar[tuple[str, ...]] = ("input", "indices", "source")
    function: ClassVar[str | None] = "scatter"

    dim: int
    reduce: Literal["sum", "prod", "amax", "amin"] | None = None

    examples: ClassVar = (
        Example("scatter(a, argsort(a), b, dim = 1)", ("float[N, 7]", "float[N, 7]")),
        Example('scatter(a, b, c, dim = -1, reduce = "sum")', ("float[N, 3, 5]", "int[N, 3, T]", "float[N, 3, T]")),
        Example("scatter(zeros([N, 8]), argsort(a)[:, :2], 1.0, dim = 1)", ("float[N, 8]",)),
        Example('Scatter(0, reduce = "prod")', ("float[4, T]", "int[6, T]", "float[6, T]")),
        Example('scatter(a, b, c, dim = 1, reduce = "amax")', ("float[N, 6]", "int[N, T]", "float[N, T]")),
        Example('scatter(a, b, c, dim = 1, reduce = "amin")', ("int[N, 6]", "int[N, 2]", "int[N, 2]")),
        Example('scatter(a, b, c, dim = 1, reduce = "sum")', ("int[N, 5, T]", "int[N, 2, 1]", "int[]")),
    )

    def infer(self, input: TensorType, indices: TensorType, source: TensorType) -> TensorType:
        need_dtype(input, "float", "int")
        _need_indices(input, indices, axis(self.dim, input.rank))
        need_dtype(source, input.dtype, index=2)
        alike = source.rank == indices.rank and all(map(equal, source.shape, indices.shape))
        if source.rank and not alike:
            message = f"needs a source of the indices' shape {indices}, or one number, and gets {source}"
            raise InputError(message, help="stretch it: Expand([...])", index=2)
        return input

    def mixed(self, input: TensorType, indices: TensorType, source: TensorType) -> tuple[tuple[int, ...], ...]:
        along = _mixed(input, indices, axis(self.dim, input.rank))
        return along, along, along if source.rank else ()
