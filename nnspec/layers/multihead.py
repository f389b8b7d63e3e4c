"""Several heads of attention with projections of their own: torch's arguments, sizes and weights."""

from typing import ClassVar

from nnspec.dims import Size
from nnspec.layers.base import ZEROS, Inferred, Layer, Weight
from nnspec.layers.initial import initial, torch_uniform
from nnspec.layers.numbers import PositiveInt, Probability
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, number


class Multihead(Layer):
    """The base of torch's layer of attention and of its form in decoding."""

    by_position: ClassVar[tuple[str, ...]] = ("num_heads",)
    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("embed_dim", -1),)

    num_heads: PositiveInt
    dropout: Probability = 0.0
    bias: bool = True
    batch_first: bool = True

    def steady(self, training: bool) -> bool:
        return not (training and self.dropout)

    def operands(
        self,
        query: TensorType,
        key: TensorType | None = None,
        value: TensorType | None = None,
        *masks: TensorType | None,
    ) -> tuple[TensorType, TensorType, TensorType]:
        """The types of query, key and value, the batch first.

        Raises:
            InputError: they are no batches of sequences of vectors of known size.
        """
        key = key or query
        value = value or key
        for index, given in enumerate((query, key, value)):
            need_dtype(given, "float", index=index)
            order = "[N, T, D]" if self.batch_first else "[T, N, D]"
            if given.rank != 3:
                raise InputError(f"needs a batch of sequences, {order}, and gets {given}", index=index)
            number(given.shape[2], "the last dimension", index)
        if self.batch_first:
            return query, key, value
        turned = [given.with_shape(given.shape[1], given.shape[0], given.shape[2]) for given in (query, key, value)]
        return turned[0], turned[1], turned[2]

    def head_size(self, query: TensorType) -> int:
        """The features of one head."""
        features = number(query.shape[2], "the last dimension")
        if features % self.num_heads:
            raise ArgumentError("num_heads", f"{self.num_heads} heads do not divide {features} features")
        return features // self.num_heads

    def past(self, query: TensorType, past: Size) -> TensorType:
        """The type of the keys, and of the values, of `past` places: [N, heads, past, d]."""
        own, _, _ = self.operands(query)
        return own.with_shape(own.shape[0], self.num_heads, past, self.head_size(own))

    def packed(self, query: TensorType, key: TensorType, value: TensorType) -> bool:
        """Whether one weight holds the three projections, as torch has it where all have the same size."""
        return query.shape[2] == key.shape[2] == value.shape[2]

    def weights(self, *inputs: TensorType | None) -> tuple[Weight, ...]:
        given = self.operands(*inputs)  # type: ignore[arg-type]
        features = number(given[0].shape[2], "the last dimension")
        if self.packed(*given):
            shapes = {"in_proj_weight": (3 * features, features)}
        else:
            named = zip("qkv", given, strict=True)
            shapes = {f"{name}_proj_weight": (features, number(each.shape[2], "it")) for name, each in named}
        projections = [Weight(name, shape, initial("xavier_uniform", shape)) for name, shape in shapes.items()]
        out = Weight("out_proj.weight", (features, features), torch_uniform(features))
        if not self.bias:
            return (*projections, out)
        bias = Weight("in_proj_bias", (3 * features,), ZEROS)
        return (*projections, bias, out, Weight("out_proj.bias", (features,), ZEROS))
