"""Fully connected layers."""

from typing import ClassVar

from nnspec.dims import Size, product
from nnspec.layers.base import ZEROS, Example, Inferred, Initial, Scores, Weight
from nnspec.layers.initial import Initialised, torch_uniform
from nnspec.layers.normed import Normed
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype, number


class _FullyConnected(Initialised):
    """The base of the fully connected layers: they act on the last dimension."""

    makes: ClassVar[Scores | None] = "logits"
    by_position: ClassVar[tuple[str, ...]] = ("out_features",)
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("in_features", -1),)

    out_features: PositiveInt

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        if input.rank == 0:
            raise InputError("needs at least one dimension, and gets a single number")
        number(input.shape[-1], "the last dimension (in_features)")
        return input.with_shape(*input.shape[:-1], self.out_features)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((input.rank - 1,),)

    def macs(self, input: TensorType) -> Size:
        return product(input.shape) * self.out_features


class Linear(_FullyConnected, Normed):
    """A fully connected layer on the last dimension: `y = x @ weight.T + bias`.

    `norm` is "weight" for weight norm, "spectral" for spectral norm.
    Shapes: [..., in_features] -> [..., out_features]. `in_features` is the incoming last dimension.
    Source: torch.nn.Linear.
    """

    bias: bool = True

    examples: ClassVar = (
        Example("Linear(10)", ("float[N, 12]",)),
        Example("Linear(5, bias = false)", ("float[N, T, 7]",)),
        Example('Linear(5, weight_init = "xavier_uniform", bias_init = 0.5)', ("float[N, 7]",)),
        Example('Linear(9, norm = "weight")', ("float[N, 7]",)),
        Example('Linear(9, bias = false, norm = "spectral")', ("float[N, T, 7]",)),
    )

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        shape = (self.out_features, number(input.shape[-1], "in_features"))
        default = torch_uniform(shape[1])
        weight = Weight("weight", shape, self.initial_weight(shape, default))
        bias = Weight("bias", shape[:1], self.initial_bias(shape[:1], default)) if self.bias else None
        return self.stored(weight, bias)


class Conv1D(_FullyConnected):
    """A fully connected layer whose weight is stored transposed, `y = x @ weight + bias`: no convolution.

    OpenAI's GPT called it so, and published GPT-2 weights have its keys and shapes. The weight starts as
    normal(0, 0.02), the bias as 0.
    Shapes: [..., in_features] -> [..., out_features]. `in_features` is the incoming last dimension.
    Source: transformers.pytorch_utils.Conv1D.
    """

    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("nx", -1, place=1),)
    examples: ClassVar = (
        Example("Conv1D(10)", ("float[N, T, 12]",)),
        Example("Conv1D(5)", ("float[N, 7]",)),
        Example("Conv1D(5, weight_init = 0.5)", ("float[N, 7]",)),
    )

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        shape = (number(input.shape[-1], "in_features"), self.out_features)
        weight = Weight("weight", shape, self.initial_weight(shape, Initial("normal", (0.0, 0.02))))
        return weight, Weight("bias", shape[1:], self.initial_bias(shape[1:], ZEROS))
