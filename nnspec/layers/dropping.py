"""The base of the layers that drop values at random."""

from typing import ClassVar

from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType, need_dtype
from nnspec.layers.view import View


class Dropping(Layer):
    """A layer that keeps the shape."""

    pointwise: ClassVar[bool] = True

    def steady(self, training: bool) -> bool:
        return not training

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        return input

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),)
