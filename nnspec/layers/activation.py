"""The base of the activation functions."""

from typing import ClassVar

from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType, need_dtype


class Activation(Layer):
    """A function of floats that keeps the shape."""

    pointwise: ClassVar[bool] = True
    activation: ClassVar[bool] = True

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        return input
