"""Single steps of recurrent layers, for loops of one's own: `scan`, or an attention between the steps.

Weights and gates are those of torch.nn: `weight_ih` (gates x in), `weight_hh` (gates x hidden) and their biases.
"""

from typing import ClassVar, Literal

from nnspec.dims import Size, equal
from nnspec.layers.base import Example, Inferred, Weight
from nnspec.layers.batched import Batched
from nnspec.layers.initial import torch_uniform
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype, need_rank, number


class _Cell(Batched):
    """The base of the cells; a step computes `gates` vectors of hidden_size from its input and the state."""

    by_position: ClassVar[tuple[str, ...]] = ("hidden_size",)
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("input_size", -1),)
    optional_inputs: ClassVar[tuple[str, ...]] = ("state",)
    outputs: ClassVar[tuple[str, ...]] = ("state",)
    samples_apart: ClassVar[bool] = True
    gates: ClassVar[int] = 1

    hidden_size: PositiveInt
    bias: bool = True

    @property
    def batch_rank(self) -> int:
        return 2

    def is_sample(self, first: TensorType) -> bool:
        return first.dtype == "float" and isinstance(first.shape[-1], int)

    def infer(self, input: TensorType, *states: TensorType | None) -> TensorType | tuple[TensorType, ...]:
        need_dtype(input, "float")
        need_rank(input, 2)
        number(input.shape[1], "the last dimension (the features)")
        after = input.with_shape(input.shape[0], self.hidden_size)
        for index, (state, name) in enumerate(zip(states, self.optional_inputs, strict=False), start=1):
            if (state is None) != (states[0] is None):
                raise InputError(f"gets one of {' and '.join(self.optional_inputs)}", "give both, or none", index)
            if state is not None:
                need_dtype(state, "float", index=index)
                if state.rank != 2 or not all(map(equal, state.shape, after.shape)):
                    raise InputError(f"needs {after} as its {name}, and gets {state}", index=index)
        return (after,) * len(self.outputs) if len(self.outputs) > 1 else after

    def weights(self, input: TensorType, *states: TensorType | None) -> tuple[Weight, ...]:
        rows, features = self.gates * self.hidden_size, number(input.shape[1], "the last dimension (the features)")
        shapes = {"weight_ih": (rows, features), "weight_hh": (rows, self.hidden_size)}
        biases = {"bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else {}
        start = torch_uniform(self.hidden_size)
        return tuple(Weight(name, shape, start) for name, shape in {**shapes, **biases}.items())

    def macs(self, input: TensorType, *states: TensorType | None) -> Size:
        matrices = [weight for weight in self.weights(input) if len(weight.shape) == 2]
        return input.shape[0] * sum(weight.elements for weight in matrices)


class RNNCell(_Cell):
    """One step of Elman's recurrent network: `tanh(W_ih input + b_ih + W_hh state + b_hh)`.

    The `state` is zero unless given. Shapes: [N, features], state [N, hidden_size] -> [N, hidden_size].
    Raises an error where the number of features is a symbol. Source: torch.nn.RNNCell.
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"

    examples: ClassVar = (
        Example("RNNCell(4)", ("float[N, 5]",)),
        Example('RNNCell(3, nonlinearity = "relu", bias = false)', ("float[N, 5]", "float[N, 3]")),
    )


class GRUCell(_Cell):
    """One step of the gated recurrent unit (Cho et al. 2014). Gates: reset, update, new.

    The `state` is zero unless given. Shapes: [N, features], state [N, hidden_size] -> [N, hidden_size].
    Raises an error where the number of features is a symbol. Source: torch.nn.GRUCell.
    """

    gates: ClassVar[int] = 3

    examples: ClassVar = (
        Example("GRUCell(4)", ("float[N, 5]", "float[N, 4]")),
        Example("GRUCell(3, bias = false)", ("float[N, 5]",)),
        Example("GRUCell(3)", ("float[5]", "float[3]")),
    )


class LSTMCell(_Cell):
    """One step of long short-term memory (Hochreiter & Schmidhuber 1997). Gates: input, forget, cell, output.

    `state` and `cell` are zero unless given, both together.
    Shapes: [N, features], state and cell [N, hidden_size] -> `state` and `cell` after the step, of the same shape.
    Raises an error where the number of features is a symbol. Source: torch.nn.LSTMCell.
    """

    optional_inputs: ClassVar[tuple[str, ...]] = ("state", "cell")
    outputs: ClassVar[tuple[str, ...]] = ("state", "cell")
    first_is_value: ClassVar[bool] = True
    gates: ClassVar[int] = 4

    examples: ClassVar = (
        Example("LSTMCell(4)", ("float[N, 5]", "float[N, 4]", "float[N, 4]")),
        Example("LSTMCell(3, bias = false)", ("float[N, 5]",)),
        Example("LSTMCell(3)", ("float[5]", "float[3]", "float[3]")),
    )
