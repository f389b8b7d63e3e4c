"""Layers that give the same elements another shape or order of dimensions; they take any element type.

Sizes that a spec writes may be symbolic: `Reshape([N, T, heads, 64])`.
"""

from typing import Any, ClassVar

from pydantic import ConfigDict, Field

from nnspec.dims import Expression, equal, product
from nnspec.layers.base import ArgumentError, Example, InputError, Layer, TensorType, axis
from nnspec.layers.rearrangement import Plan, plan
from nnspec.layers.reshaping import distinct_axes, fill_unknown, need_positive, replaced


class Identity(Layer):
    """What comes in.

    Source: torch.nn.Identity.
    """

    identity_in_evaluation: ClassVar[bool] = True
    examples: ClassVar = (Example("Identity"), Example("Identity", ("int[N, 3]",)))

    def infer(self, input: TensorType) -> TensorType:
        return input


class Flatten(Layer):
    """Dimensions `start_dim` to `end_dim` as one.

    Shapes: [N, C, H, W] -> [N, C*H*W]. Source: torch.nn.Flatten.
    """

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


class Unflatten(Layer):
    """One dimension as several; one of the sizes may be -1.

    Shapes: [N, 6] -> [N, 2, 3]. Source: torch.nn.Unflatten.
    """

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


class Reshape(Layer):
    """The same elements, in the same order, in another shape; one of the sizes may be -1.

    Shapes: any -> `shape`. Source: torch.reshape.
    """

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


class Permute(Layer):
    """The dimensions in another order.

    Shapes: dims = [0, 2, 3, 1]: [N, C, H, W] -> [N, H, W, C]. Source: torch.permute.
    """

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


class Transpose(Layer):
    """Two dimensions exchanged.

    Shapes: dims 1 and 2: [N, T, C] -> [N, C, T]. Source: torch.transpose.
    """

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


class Squeeze(Layer):
    """Without the dimension `dim` (or several), which must have size 1.

    Shapes: [N, C, 1, 1] with dim = [2, 3] -> [N, C]. Source: torch.squeeze, which keeps other sizes silently.
    """

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


class Unsqueeze(Layer):
    """With a new dimension of size 1 before dimension `dim` (-1: after the last).

    Shapes: [N, T] with dim = 1 -> [N, 1, T]. Source: torch.unsqueeze.
    """

    dim: int

    examples: ClassVar = (
        Example("Unsqueeze(1)"),
        Example("Unsqueeze(-1)", ("int[N, T]",)),
        Example("Unsqueeze(0)", ("float[]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        index = axis(self.dim, input.rank + 1)
        return input.with_shape(*input.shape[:index], 1, *input.shape[index:])


class Rearrange(Layer):
    """Dimensions split, reordered and joined by a pattern, as in einops; axis lengths are given by name.

    Shapes: "n c (h p) (w q) -> n (h w) (p q c)", p = 16, q = 16: [N, 3, 16*h, 16*w] -> [N, h*w, 768].
    Source: einops.rearrange (Rogozhnikov, 2022).
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int | Expression] = Field(init=False)

    pattern: str

    examples: ClassVar = (
        Example(
            'Rearrange("n (h p) (w q) c -> n (h w) (p q c)", p = 4, q = 2)',
            ("float[N, 4*h, 2*w, 3]",),
            {"h": 3, "w": 5},
        ),
        Example('Rearrange("n c h w -> n (h w) c")'),
        Example('Rearrange("n t (heads d) -> n heads t d", heads = 3)', ("float[N, T, 12]",)),
        Example('Rearrange("n ... c -> n c ...")', ("float[N, H, W, 3]",)),
        Example('Rearrange("n ... -> n (...)")'),
        Example('Rearrange("n 1 (a b) -> (n b) () a", b = 2)', ("int[N, 1, 8]",)),
        Example('Rearrange("a b -> a b")', ("float[3, 4]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        return input.with_shape(*self.plan(input).joined)

    def plan(self, input: TensorType) -> Plan:
        """The reshape, permutation and reshape that it amounts to."""
        lengths: dict[str, Any] = self.__pydantic_extra__
        for name, length in lengths.items():
            need_positive(length, name, f"an axis cannot have {length} elements")
        return plan(self.pattern, lengths, input)
