"""Multi-head self-attention that goes on where it was: the form of torch's layer in which a model is decoded."""

from typing import ClassVar

from nnspec.dims import Size, equal, product
from nnspec.layers.base import Example, Weight
from nnspec.layers.multihead import Multihead
from nnspec.layers.reshaping import replaced
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype, number


class CachedMultiheadAttention(Multihead):
    """Causal self-attention of several heads, which sees the keys and values of what came before as well.

    It has the weights of `MultiheadAttention(..., causal = true)`, and does to a part of a sequence what that does to
    the whole. `nnspec export --cache` puts it in its place. The results `key` and `value` are those of the past with
    those of this part behind them: the past of the next part.
    Shapes: [N, T, D], past key and value [N, heads, P, D / heads] -> [N, T, D] and twice [N, heads, P + T, D / heads].
    Raises an error where D is a symbol, or the heads do not divide it. Source: torch.nn.MultiheadAttention.
    """

    inputs: ClassVar[tuple[str, ...]] = ("query", "past_key", "past_value")
    outputs: ClassVar[tuple[str, ...]] = ("output", "key", "value")
    first_is_value: ClassVar[bool] = True

    examples: ClassVar = (
        Example("CachedMultiheadAttention(2)", ("float[N, T, 6]", "float[N, 2, P, 3]", "float[N, 2, P, 3]")),
        Example(
            "CachedMultiheadAttention(3, bias = false, batch_first = false)",
            ("float[T, N, 6]", "float[N, 3, P, 2]", "float[N, 3, P, 2]"),
        ),
    )

    def infer(
        self, query: TensorType, past_key: TensorType, past_value: TensorType
    ) -> tuple[TensorType, TensorType, TensorType]:
        own, _, _ = self.operands(query)
        past = past_key.shape[-2] if past_key.rank == 4 else 1
        wanted = self.past(query, past)
        for index, given in ((1, past_key), (2, past_value)):
            need_dtype(given, "float", index=index)
            if given.rank != 4 or not all(map(equal, given.shape, wanted.shape)):
                message = f"needs {wanted}, [N, heads, P, D / heads], of the past, and gets {given}"
                raise InputError(message, index=index)
        grown = replaced(wanted, 2, past + own.shape[1])
        return query, grown, grown

    def mixed(self, query: TensorType, *past: TensorType) -> tuple[tuple[int, ...], ...]:
        return (int(self.batch_first), 2), *((1, 2, 3) for _ in past)

    def weights(self, *inputs: TensorType | None) -> tuple[Weight, ...]:
        return super().weights(inputs[0])

    def macs(self, query: TensorType, past_key: TensorType, past_value: TensorType) -> Size:
        (batch, time, _), _, _ = (given.shape for given in self.operands(query))
        features = number(query.shape[2], "the last dimension")
        scores = product((batch, time, past_key.shape[2] + time, features))
        return 4 * product(query.shape) * features + 2 * scores
