"""The base of the layers that drop values at random."""

from typing import Annotated, ClassVar

from pydantic import Field

from nnspec.layers.base import Layer, TensorType, need_dtype

Probability = Annotated[float, Field(ge=0, le=1)]


class Dropping(Layer):
    """A layer that keeps the shape."""

    pointwise: ClassVar[bool] = True

    def steady(self, training: bool) -> bool:
        return not training

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        return input
