"""Layers that give the same elements another shape; they take any element type.

Sizes that a spec writes may be symbolic: `Reshape([N, T, heads, 64])`.
"""

from typing import ClassVar

from nnspec.dims import Expression, product
from nnspec.layers.base import Example, Layer
from nnspec.layers.reshaping import Regrouping, fill_unknown, replaced, reshaped, split_axes
from nnspec.layers.tensor_type import ArgumentError, TensorType, axis
from nnspec.layers.view import View


class Identity(Layer):
    """The input, unchanged.

    Source: torch.nn.Identity.
    """

    rearranges: ClassVar[bool] = True
    pointwise: ClassVar[bool] = True
    examples: ClassVar = (Example("Identity"), Example("Identity", ("int[N, 3]",)))

    def infer(self, input: TensorType) -> TensorType:
        return input

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),)


class Flatten(Layer):
    """Dimensions `start_dim` to `end_dim` as one.

    Shapes: [N, C, H, W] -> [N, C*H*W]. Source: torch.nn.Flatten.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("start_dim", "end_dim")

    start_dim: int = 1
    end_dim: int = -1

    examples: ClassVar = (
        Example("Flatten"),
        Example("Flatten(2)"),
        Example("Flatten(0, 2)"),
        Example("Flatten(end_dim = -2)", ("int[N, 3, 4, 5]",)),
        Example("Flatten(1, 1)"),
    )

    def infer(self, input: TensorType) -> TensorType:
        rank = max(input.rank, 1)
        start, end = axis(self.start_dim, rank, "start_dim"), axis(self.end_dim, rank, "end_dim")
        if start > end:
            raise ArgumentError("start_dim", f"{self.start_dim} comes after end_dim = {self.end_dim} in {input}")
        shape = input.shape
        return input.with_shape(*shape[:start], product(shape[start : end + 1]), *shape[end + 1 :])

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (split_axes(input.shape, self.infer(input).shape),)

    def regrouped(self, input: TensorType) -> Regrouping:
        return reshaped(self.infer(input).shape)


class Unflatten(Layer):
    """One dimension as several; one of the sizes may be -1.

    Shapes: [N, 6] -> [N, 2, 3]. Source: torch.nn.Unflatten.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("dim", "unflattened_size")
    sizes_of_result: ClassVar[frozenset[str]] = frozenset({"unflattened_size"})

    dim: int
    unflattened_size: tuple[int | Expression, ...]

    examples: ClassVar = (
        Example("Unflatten(1, [3, 4])", ("float[N, 12]",)),
        Example("Unflatten(-1, [2, -1, 2])", ("float[N, T, 12]",)),
        Example("Unflatten(1, [4, h])", ("float[N, 4*h, 5]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        index = axis(self.dim, input.rank)
        return replaced(input, index, *fill_unknown(self.unflattened_size, input.shape[index], "unflattened_size"))

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (split_axes(input.shape, self.infer(input).shape),)

    def regrouped(self, input: TensorType) -> Regrouping:
        return reshaped(self.infer(input).shape)


class Reshape(Layer):
    """The same elements, in the same order, in another shape; one of the sizes may be -1.

    Shapes: any -> `shape`. Source: torch.reshape.
    """

    rearranges: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("shape",)
    sizes_of_result: ClassVar[frozenset[str]] = frozenset({"shape"})

    shape: tuple[int | Expression, ...]

    examples: ClassVar = (
        Example("Reshape([N, 3, 4])", ("float[N, 12]",)),
        Example("Reshape([N, T, 2, -1])", ("float[N, T, 12]",)),
        Example("Reshape([N*T, 4])", ("float[N, T, 4]",)),
        Example("Reshape([-1, H*W])"),
        Example("Reshape([6, 2])", ("int[3, 4]",)),
        Example("Reshape([1, 1])", ("float[]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        return input.with_shape(*fill_unknown(self.shape, product(input.shape), "shape"))

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (split_axes(input.shape, self.infer(input).shape),)

    def regrouped(self, input: TensorType) -> Regrouping:
        return reshaped(self.infer(input).shape)
