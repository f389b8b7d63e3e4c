"""Matrices with zeros on one side of a diagonal."""

from typing import ClassVar

from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import InputError, TensorType


class _Triangle(Layer):
    """One side of a diagonal of the last two dimensions; diagonal 1 is the one above the main one."""

    diagonal: int = 0

    def infer(self, input: TensorType) -> TensorType:
        if input.rank < 2:
            raise InputError(f"needs matrices, [..., H, W], and gets {input}")
        return input

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((input.rank - 2, input.rank - 1),)


class Tril(_Triangle):
    """The lower triangle of each matrix, with its `diagonal`; the rest is 0, or false.

    Shapes: [..., H, W] -> the same. Source: torch.tril.
    """

    function: ClassVar[str | None] = "tril"

    examples: ClassVar = (
        Example("tril(a)", ("float[T, T]",)),
        Example("Tril(diagonal = -1)", ("int[N, T, 5]",)),
        Example("tril(a, diagonal = 2)", ("bool[N, 2, 3, T]",)),
    )


class Triu(_Triangle):
    """The upper triangle of each matrix, with its `diagonal`; the rest is 0, or false.

    Shapes: [..., H, W] -> the same. Source: torch.triu.
    """

    function: ClassVar[str | None] = "triu"

    examples: ClassVar = (
        Example("triu(a)", ("float[T, T]",)),
        Example("triu(a, diagonal = 1)", ("bool[N, T, 5]",)),
    )
