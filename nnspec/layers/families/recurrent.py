"""Recurrent layers: the sequence goes through one step at a time, and a state goes along.

Weights, gates and states are those of torch.nn: in every layer and direction `weight_ih` (gates x in), `weight_hh`
(gates x hidden) and their two biases. Time comes first, [T, N, features], unless `batch_first`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from nnspec.dims import Expression, Size, equal
from nnspec.layers.base import Continued, Example, Inferred, Kept, Weight
from nnspec.layers.batched import Batched
from nnspec.layers.continued import along
from nnspec.layers.initial import torch_uniform
from nnspec.layers.numbers import NonNegativeInt, PositiveInt, Probability, Within
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, need_rank, number

DEEPEST = 1000  # layers of one stack: each has weights of its own


class _Recurrent(Batched):
    """The base of the recurrent layers; a step computes `gates` vectors of hidden_size from its input and the state."""

    by_position: ClassVar[tuple[str, ...]] = ("hidden_size",)
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("input_size", -1),)
    optional_inputs: ClassVar[tuple[str, ...]] = ("state", "lengths")
    outputs: ClassVar[tuple[str, ...]] = ("output", "state")
    first_is_value: ClassVar[bool] = True
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"recurrent_bias"})
    gates: ClassVar[int] = 1

    hidden_size: PositiveInt
    num_layers: Annotated[int, Within(gt=0, le=DEEPEST)] = 1
    bias: bool = True
    batch_first: bool = False
    dropout: Probability = 0.0
    bidirectional: bool = False
    recurrent_bias: bool = True

    def steady(self, training: bool) -> bool:
        return not (training and self.dropout)

    @property
    def batch_rank(self) -> int:
        return 3

    def is_sample(self, first: TensorType) -> bool:
        return first.dtype == "float" and isinstance(first.shape[-1], int)

    def sample_dims(self, *inputs: TensorType | None) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        """One sequence: its states lack the dimension of samples, too; it is as long as it is, without `lengths`."""
        if len(inputs) == 1 + len(self.optional_inputs) and inputs[-1] is not None:
            message = "is one sequence, all of whose steps are its own, and gets lengths"
            raise InputError(message, help="leave the lengths out, or begin with the number of samples", index=0)
        first, states = 1 - int(self.batch_first), len(inputs) - 1
        return (first, *(1,) * states)[: len(inputs)], (first, *(1,) * (len(self.outputs) - 1))

    @property
    def directions(self) -> int:
        """1, or 2 where the sequence is also read backwards."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """The features that one direction gives, which are also those of the state."""
        return self.hidden_size

    def sizes_in(self, features: int) -> tuple[int, ...]:
        """The features that each layer takes."""
        return (features, *[self.directions * self.output_size] * (self.num_layers - 1))

    def suffixes(self) -> tuple[tuple[str, ...], ...]:
        """For each layer, what the names of its weights end in: one suffix a direction."""
        return tuple((f"l{i}", f"l{i}_reverse")[: self.directions] for i in range(self.num_layers))

    def time_and_batch(self, input: TensorType) -> tuple[Size, Size]:
        """The number of steps, and of sequences.

        Raises:
            InputError: the input is no batch of sequences of vectors.
        """
        need_dtype(input, "float")
        order = "[N, T, features]" if self.batch_first else "[T, N, features]"
        if input.rank != 3:
            raise InputError(f"needs a batch of sequences, {order}, and gets {input}", help=f"reshape it to {order}")
        number(input.shape[2], "the last dimension (the features)")
        return (input.shape[1], input.shape[0]) if self.batch_first else (input.shape[0], input.shape[1])

    def infer(self, input: TensorType, *others: TensorType | None) -> tuple[TensorType, ...]:
        state, lengths = self.named(others)["state"], self.named(others)["lengths"]
        if not self.bias and not self.recurrent_bias:
            raise ArgumentError("recurrent_bias", "bias = false leaves out both biases", "leave recurrent_bias out")
        time, batch = self.time_and_batch(input)
        after = self.state_shape(batch, self.output_size)
        if state is not None:
            _need_state(state, after, "state", 1)
        if lengths is not None:
            self._need_lengths(lengths, batch)
        steps = (batch, time) if self.batch_first else (time, batch)
        output = input.with_shape(*steps, self.directions * self.output_size)
        return output, input.with_shape(*after)

    def named(self, others: tuple[TensorType | None, ...]) -> dict[str, TensorType | None]:
        """The optional inputs by name."""
        absent = [None] * (len(self.optional_inputs) - len(others))
        return dict(zip(self.optional_inputs, (*others, *absent), strict=True))

    def _need_lengths(self, given: TensorType, batch: Size) -> None:
        index = len(self.inputs) + self.optional_inputs.index("lengths")
        need_dtype(given, "int", index=index)
        if given.rank != 1 or not equal(given.shape[0], batch):
            wanted = given.with_shape(batch)
            raise InputError(f"needs {wanted}, one length for each sequence, and gets {given}", index=index)

    def lengths(self, input: TensorType, *others: TensorType | None) -> Mapping[int, Size]:
        there = self.named(others)["lengths"] is not None
        return {len(self.optional_inputs): self.time_and_batch(input)[0]} if there else {}

    def mixed(self, input: TensorType, *others: TensorType | None) -> tuple[tuple[int, ...], ...]:
        along_states = (() if given is None or given.rank == 1 else (0, 2) for given in others)
        return (int(self.batch_first), 2), *along_states

    def continued(
        self, time: Expression, past: Expression, input: TensorType, *others: TensorType | None
    ) -> Continued | None:
        if not along(time, self.time_and_batch(input)[0]):
            return None
        if self.bidirectional:
            message = f"reads the places along {time} backwards too, from the last one"
            raise ArgumentError("bidirectional", message, help="leave bidirectional out")
        *states, lengths = self.named(others).values()
        if not equal(self.time_and_batch(input)[0], time):
            message = f"reads {self.time_and_batch(input)[0]} places, which is not one for each along {time}"
            raise InputError(message, help="give it the sequence itself")
        if lengths is not None:
            message = "is told where its sequences end, and a text that is written goes on"
            raise InputError(message, help="give it the sequences alone", index=len(self.optional_inputs))
        last, names = self.results(input)[1:], self.outputs[1:]
        started = states[0] is not None
        kept = [Kept(name, 1 + i, last[i], result=1 + i, started=started) for i, name in enumerate(names)]
        return Continued(self, tuple(kept))

    def state_shape(self, batch: Size, features: int) -> tuple[Size, ...]:
        """The shape of a state: [layers * directions, N, features], whether batch_first or not."""
        return self.num_layers * self.directions, batch, features

    def weights(self, input: TensorType, *others: TensorType | None) -> tuple[Weight, ...]:
        sizes = self.sizes_in(number(input.shape[2], "the last dimension (the features)"))
        start = torch_uniform(self.hidden_size)
        return tuple(
            Weight(f"{name}_{suffix}", shape, start)
            for size, suffixes in zip(sizes, self.suffixes(), strict=True)
            for suffix in suffixes
            for name, shape in self.layer_shapes(size).items()
        )

    def layer_shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        """The weights of one layer and direction."""
        rows = self.gates * self.hidden_size
        biases = {"bias_ih": self.bias, "bias_hh": self.bias and self.recurrent_bias}
        return {
            "weight_ih": (rows, features),
            "weight_hh": (rows, self.output_size),
            **{name: (rows,) for name, there in biases.items() if there},
        }

    def macs(self, input: TensorType, *others: TensorType | None) -> Size:
        time, batch = self.time_and_batch(input)
        matrices = [weight for weight in self.weights(input) if len(weight.shape) == 2]
        return time * batch * sum(weight.elements for weight in matrices)


def _need_state(given: TensorType, shape: tuple[Size, ...], name: str, index: int) -> None:
    need_dtype(given, "float", index=index)
    need_rank(given, 3, index=index)
    if not all(equal(have, want) for have, want in zip(given.shape, shape, strict=True)):
        wanted = given.with_shape(*shape)
        raise InputError(
            f"needs {wanted}, [layers * directions, N, features], as its initial {name}, and gets {given}", index=index
        )


class RNN(_Recurrent):
    """Elman's recurrent network: `state = tanh(W_ih input + b_ih + W_hh state + b_hh)` (Elman 1990).

    Shapes: [T, N, features] -> `output` [T, N, directions * hidden_size] and `state`, the last one,
    [layers * directions, N, hidden_size]. With `batch_first`, input and output are [N, T, ...]. The initial `state`
    is zero unless given. `dropout` is between layers. `recurrent_bias = false` leaves the second bias out, as Keras
    does. With `lengths`, int [N], each sequence ends at its own length, of 1 to T steps: `output` is zero behind it,
    `state` is that of its last step, and the way back begins there. Raises an error where the number of features is a
    symbol. Source: torch.nn.RNN; for `lengths` pack_padded_sequence with enforce_sorted = False.
    """

    nonlinearity: Literal["tanh", "relu"] = "tanh"

    examples: ClassVar = (
        Example("RNN(4)", ("float[T, 5]",)),
        Example("RNN(4)", ("float[T, N, 5]",)),
        Example(
            'RNN(3, num_layers = 2, nonlinearity = "relu", batch_first = true, dropout = 0.5)', ("float[N, T, 5]",)
        ),
        Example("RNN(3, num_layers = 2, bidirectional = true, bias = false)", ("float[T, N, 5]", "float[4, N, 3]")),
        Example("RNN(3, recurrent_bias = false)", ("float[T, N, 5]",)),
        Example("(a, lengths = b) -> RNN(3, batch_first = true, bidirectional = true)", ("float[N, T, 5]", "int[N]")),
    )

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        names = super().in_order()
        return *names[:2], "nonlinearity", *(name for name in names[2:] if name != "nonlinearity")


class GRU(_Recurrent):
    """The gated recurrent unit (Cho et al. 2014), with the reset gate after the product as in torch and cuDNN.

    Shapes: [T, N, features] -> `output` [T, N, directions * hidden_size] and `state`, the last one,
    [layers * directions, N, hidden_size]. With `batch_first`, input and output are [N, T, ...]. The initial `state`
    is zero unless given. `dropout` is between layers. Gates: reset, update, new. With `lengths`, int [N], each
    sequence ends at its own length, of 1 to T steps: `output` is zero behind it, `state` is that of its last step, and
    the way back begins there. Raises an error where the number of features is a symbol.
    Source: torch.nn.GRU; for `lengths` pack_padded_sequence with enforce_sorted = False.
    """

    gates: ClassVar[int] = 3

    examples: ClassVar = (
        Example("GRU(3, bidirectional = true, batch_first = true)", ("float[T, 5]",)),
        Example("GRU(4)", ("float[T, N, 5]",)),
        Example("GRU(3, num_layers = 2, bidirectional = true, batch_first = true)", ("float[N, T, 5]",)),
        Example("GRU(3, num_layers = 2, bias = false)", ("float[T, N, 5]", "float[2, N, 3]")),
        Example("GRU(3, bidirectional = true, recurrent_bias = false)", ("float[7, 1, 5]",)),
        Example("GRU(3, num_layers = 2, bidirectional = true)", ("float[T, N, 5]", "float[4, N, 3]", "int[N]")),
    )


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    Shapes: [T, N, features] -> `output` [T, N, directions * hidden_size], `state`, the last one,
    [layers * directions, N, hidden_size], and `cell`, the last memory, of the same shape. With `batch_first`, input
    and output are [N, T, ...]. The initial `state` and `cell` are zero unless given, both together. `dropout` is
    between layers; `proj_size` projects the output and state to that many features; `recurrent_bias = false` leaves
    the second bias out, as Keras does. Gates: input, forget, cell, output. With `lengths`, int [N], each sequence ends
    at its own length, of 1 to T steps: `output` is zero behind it, `state` and `cell` are those of its last step, and
    the way back begins there. Raises an error where the number of features is a symbol.
    Source: torch.nn.LSTM; for `lengths` pack_padded_sequence with enforce_sorted = False.
    """

    optional_inputs: ClassVar[tuple[str, ...]] = ("state", "cell", "lengths")
    outputs: ClassVar[tuple[str, ...]] = ("output", "state", "cell")
    gates: ClassVar[int] = 4

    proj_size: NonNegativeInt = 0

    examples: ClassVar = (
        Example("LSTM(3, num_layers = 2)", ("float[T, 5]", "float[2, 3]", "float[2, 3]")),
        Example("LSTM(4)", ("float[T, N, 5]",)),
        Example("LSTM(3, num_layers = 2, batch_first = true, bidirectional = true)", ("float[N, T, 5]",)),
        Example("LSTM(3, num_layers = 2, dropout = 0.2)", ("float[T, N, 5]", "float[2, N, 3]", "float[2, N, 3]")),
        Example("LSTM(3, bias = false)", ("float[7, 1, 5]",)),
        Example("LSTM(3, num_layers = 2, bidirectional = true, recurrent_bias = false)", ("float[T, N, 5]",)),
        Example("LSTM(6, num_layers = 2, bidirectional = true, proj_size = 2)", ("float[T, N, 5]",)),
        Example("LSTM(6, proj_size = 2)", ("float[T, N, 5]", "float[1, N, 2]", "float[1, N, 6]")),
        Example(
            "(a, lengths = b) -> LSTM(3, num_layers = 2, batch_first = true, bidirectional = true, dropout = 0.2)",
            ("float[N, T, 5]", "int[N]"),
        ),
        Example(
            "LSTM(6, bidirectional = true, proj_size = 2)",
            ("float[T, N, 5]", "float[2, N, 2]", "float[2, N, 6]", "int[N]"),
        ),
        Example("(a, lengths = b) -> LSTM(3, recurrent_bias = false)", ("float[T, N, 5]", "int[N]")),
    )

    @property
    def output_size(self) -> int:
        """The features that one direction gives."""
        return self.proj_size or self.hidden_size

    def infer(self, input: TensorType, *others: TensorType | None) -> tuple[TensorType, ...]:
        state, cell, _ = self.named(others).values()
        if self.proj_size >= self.hidden_size:
            raise ArgumentError(
                "proj_size",
                f"{self.proj_size} is not less than hidden_size = {self.hidden_size}",
                help="project to less",
            )
        output, last = super().infer(input, *others)
        memory = self.state_shape(last.shape[1], self.hidden_size)
        if (state is None) != (cell is None):
            missing, index = ("cell", 1) if cell is None else ("state", 2)
            raise InputError(f"has no initial {missing}", help="give both: (x, state, cell) -> LSTM(...)", index=index)
        if cell is not None:
            _need_state(cell, memory, "cell", 2)
        return output, last, input.with_shape(*memory)

    def layer_shapes(self, features: int) -> dict[str, tuple[int, ...]]:
        """The weights of one layer and direction."""
        projection = {"weight_hr": (self.proj_size, self.hidden_size)} if self.proj_size else {}
        return super().layer_shapes(features) | projection
