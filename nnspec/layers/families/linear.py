"""Fully connected layers."""

from typing import ClassVar

from pydantic import PositiveInt

from nnspec.dims import Size, product
from nnspec.layers.base import Example, InputError, TensorType, Weight, need_dtype, number
from nnspec.layers.initial import Initialised, torch_uniform


class Linear(Initialised):
    """A fully connected layer on the last dimension: `y = x @ weight.T + bias`.

    Shapes: [..., in_features] -> [..., out_features]. `in_features` is the incoming last dimension.
    Source: torch.nn.Linear.
    """

    out_features: PositiveInt
    bias: bool = True

    examples: ClassVar = (
        Example("Linear(10)", ("float[N, 12]",)),
        Example("Linear(5, bias = false)", ("float[N, T, 7]",)),
        Example('Linear(5, weight_init = "xavier_uniform", bias_init = 0.5)', ("float[N, 7]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        if input.rank == 0:
            raise InputError("needs at least one dimension, and gets a single number")
        number(input.shape[-1], "the last dimension (in_features)")
        return input.with_shape(*input.shape[:-1], self.out_features)

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        shape = (self.out_features, number(input.shape[-1], "in_features"))
        default = torch_uniform(shape[1])
        weight = Weight("weight", shape, self.initial_weight(shape, default))
        if not self.bias:
            return (weight,)
        return weight, Weight("bias", shape[:1], self.initial_bias(shape[:1], default))

    def macs(self, input: TensorType) -> Size:
        return product(input.shape) * self.out_features
