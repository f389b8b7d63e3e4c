"""Layers that add, drop and reorder dimensions; they take any element type."""

from typing import ClassVar

from nnspec.dims import equal
from nnspec.layers.base import Example, Layer
from nnspec.layers.reshaping import distinct_axes
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, axis
from nnspec.layers.view import View


class Permute(Layer):
    """The dimensions in another order.

    Shapes: dims = [0, 2, 3, 1]: [N, C, H, W] -> [N, H, W, C]. Source: torch.permute.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dims",)
    pointwise: ClassVar[bool] = True

    dims: tuple[int, ...]

    examples: ClassVar = (Example("Permute([0, 2, 3, 1])"), Example("Permute([1, 0, -1])", ("int[N, T, 4]",)))

    def infer(self, input: TensorType) -> TensorType:
        if len(self.dims) != input.rank:
            raise ArgumentError(
                "dims",
                f"orders {len(self.dims)} dimensions, and the input has {input.rank}: {input}",
                help=f"name every dimension from 0 to {input.rank - 1} once",
            )
        return input.with_shape(*(input.shape[index] for index in self.order(input)))

    def order(self, input: TensorType) -> tuple[int, ...]:
        """The permutation, without negative indices."""
        return distinct_axes(self.dims, input.rank)

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(self.order(input)),)


class Transpose(Layer):
    """Two dimensions exchanged.

    Shapes: dims 1 and 2: [N, T, C] -> [N, C, T]. Source: torch.transpose.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim0", "dim1")
    pointwise: ClassVar[bool] = True

    dim0: int
    dim1: int

    examples: ClassVar = (Example("Transpose(1, 2)"), Example("Transpose(-1, 1)", ("float[N, T, 4]",)))

    def infer(self, input: TensorType) -> TensorType:
        return input.with_shape(*(input.shape[index] for index in self.order(input)))

    def order(self, input: TensorType) -> tuple[int, ...]:
        """The permutation of all dimensions."""
        first, second = axis(self.dim0, input.rank, "dim0"), axis(self.dim1, input.rank, "dim1")
        order = list(range(input.rank))
        order[first], order[second] = second, first
        return tuple(order)

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(self.order(input)),)


class Squeeze(Layer):
    """Without the dimension `dim` (or several), which must have size 1.

    Shapes: [N, C, 1, 1] with dim = [2, 3] -> [N, C]. Source: torch.squeeze, which keeps other sizes silently.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    pointwise: ClassVar[bool] = True

    dim: int | tuple[int, ...]

    examples: ClassVar = (
        Example("Squeeze(1)", ("float[N, 1, 5]",)),
        Example("Squeeze([-1, -2])", ("float[N, C, 1, 1]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        dropped = self.axes(input)
        for index in dropped:
            if not equal(input.shape[index], 1):
                raise InputError(
                    f"drops dimension {index}, whose size must be 1 and is {input.shape[index]}",
                    help="choose a dimension of size 1, or reduce this one first: Mean(dim = ...)",
                )
        return input.with_shape(*(size for index, size in enumerate(input.shape) if index not in dropped))

    def axes(self, input: TensorType) -> tuple[int, ...]:
        """The dimensions that go, without negative indices."""
        return distinct_axes((self.dim,) if isinstance(self.dim, int) else self.dim, input.rank, "dim")

    def views(self, input: TensorType) -> tuple[View, ...]:
        dropped = self.axes(input)
        return (View(tuple(dim for dim in range(input.rank) if dim not in dropped)),)


class Unsqueeze(Layer):
    """With a new dimension of size 1 before dimension `dim` (-1: after the last).

    Shapes: [N, T] with dim = 1 -> [N, 1, T]. Source: torch.unsqueeze.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    pointwise: ClassVar[bool] = True

    dim: int

    examples: ClassVar = (
        Example("Unsqueeze(1)"),
        Example("Unsqueeze(-1)", ("int[N, T]",)),
        Example("Unsqueeze(0)", ("float[]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        index = axis(self.dim, input.rank + 1)
        return input.with_shape(*input.shape[:index], 1, *input.shape[index:])

    def views(self, input: TensorType) -> tuple[View, ...]:
        index, dims = axis(self.dim, input.rank + 1), tuple(range(input.rank))
        return (View((*dims[:index], None, *dims[index:])),)
