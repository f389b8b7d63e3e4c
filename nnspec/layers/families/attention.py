"""Attention: its core, which owns no weights; torch's layer with its projections is in multihead_attention.py."""

from typing import ClassVar

from nnspec.dims import Expression, Size, equal, product
from nnspec.layers.arithmetic import broadcast
from nnspec.layers.base import Continued, Example, Kept, Layer
from nnspec.layers.continued import along
from nnspec.layers.families.combine import Concat
from nnspec.layers.numbers import FiniteFloat, PositiveFloat, PositiveInt, Probability
from nnspec.layers.reshaping import replaced
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, number
from nnspec.layers.window import Sight


class Attention(Layer):
    """`softmax(scale * query @ key.T + bias) @ value`, in every head by itself (Vaswani et al. 2017).

    Where there are fewer heads of key and value, each serves as many heads of the query, one after the other: grouped
    and multi-query attention. `mask` is true where a key may be seen, or a number that is added to the score; `bias` is
    always such a number. `causal` lets query t see the keys 0 to t only, `window` those that are less than `window`
    places away. Query t has the place `offset` + t among the keys. `scale` is 1/sqrt(d) unless given; `dropout` is that
    of the weights in training. A query that may see no key gives zeros.
    With `cap`, a score is `cap * tanh(score / cap)` before masks and biases (Gemma 2). With `alibi`, head h takes
    slope h times the distance from each score (Press et al. 2022; the slopes are those of BLOOM and MPT). `sinks` are a
    score for each head that takes its share of the weights and gives nothing (gpt-oss).
    Shapes: query [N, heads, T, d], key [N, kv_heads, S, d], value [N, kv_heads, S, e] -> [N, heads, T, e]; mask and
    bias stretch to [N, heads, T, S], sinks are [heads]. Source: torch.nn.functional.scaled_dot_product_attention;
    transformers.models.gemma2 for `cap`, bloom for `alibi`, gpt_oss for `sinks`.
    """

    inputs: ClassVar[tuple[str, ...]] = ("query", "key", "value")
    optional_inputs: ClassVar[tuple[str, ...]] = ("mask", "bias", "sinks")
    function: ClassVar[str | None] = "attention"
    beyond_torch: ClassVar[frozenset[str]] = frozenset(
        {"dropout", "causal", "scale", "window", "offset", "cap", "alibi"}
    )

    dropout: Probability = 0.0
    causal: bool = False
    scale: FiniteFloat | None = None
    window: PositiveInt | None = None
    offset: int | Expression = 0
    cap: PositiveFloat | None = None
    alibi: bool = False

    examples: ClassVar = (
        Example("attention(a, b, c)", ("float[N, 2, T, 4]", "float[N, 2, S, 4]", "float[N, 2, S, 6]")),
        Example("attention(a, a, a, causal = true)", ("float[N, 2, T, 4]",)),
        Example("attention(a, b, b, causal = true, window = 3)", ("float[N, 6, T, 4]", "float[N, 2, T, 4]")),
        Example("attention(a, b, b, scale = 1.0, dropout = 0.5)", ("float[N, 6, T, 4]", "float[N, 1, S, 4]")),
        Example("attention(a, a, a, b)", ("float[N, 3, T, 4]", "bool[N, 1, 1, T]")),
        Example("attention(a, a, a, bias = b, causal = true)", ("float[N, 3, T, 4]", "float[1, 3, T, T]")),
        Example(
            "attention(a, a, a, b, bias = c, window = 4)", ("float[N, 3, 7, 4]", "bool[N, 1, 7, 7]", "float[3, 7, 7]")
        ),
        Example("attention(a, b, b, mask = c)", ("float[N, T, 4]", "float[N, S, 4]", "float[T, S]")),
        Example("Attention(causal = true)", ("float[N, 2, T, 4]", "float[N, 2, 5, 4]", "float[N, 2, 5, 4]")),
        Example("attention(a, b, b, causal = true, offset = 2)", ("float[N, 2, 3, 4]", "float[N, 2, 5, 4]")),
        Example(
            "attention(a, b, b, causal = true, window = 4, offset = P)",
            ("float[N, 2, T, 4]", "float[N, 1, P + T, 4]", "float[P]"),
        ),
        Example("attention(a, b, b, cap = 2.0, causal = true)", ("float[N, 4, T, 4]", "float[N, 2, T, 4]")),
        Example("attention(a, a, a, b, cap = 1.5)", ("float[N, 2, T, 4]", "bool[N, 1, T, T]")),
        Example("attention(a, a, a, cap = 3.0)", ("float[N, T, 4]",)),
        Example("attention(a, b, b, alibi = true, causal = true)", ("float[N, 6, T, 4]", "float[N, 2, T, 4]")),
        Example("attention(a, a, a, bias = b, alibi = true, window = 3)", ("float[N, 3, T, 4]", "float[T, T]")),
        Example("attention(a, b, b, sinks = c, causal = true)", ("float[N, 4, T, 4]", "float[N, 2, T, 4]", "float[4]")),
        Example(
            "attention(a, a, a, b, sinks = c, cap = 2.0, alibi = true, dropout = 0.5)",
            ("float[N, 3, T, 4]", "bool[N, 1, T, T]", "float[3]"),
        ),
    )

    def steady(self, training: bool) -> bool:
        return not (training and self.dropout)

    def infer(
        self,
        query: TensorType,
        key: TensorType,
        value: TensorType,
        mask: TensorType | None = None,
        bias: TensorType | None = None,
        sinks: TensorType | None = None,
    ) -> TensorType:
        for index, given in enumerate((query, key, value)):
            need_dtype(given, "float", index=index)
            if given.rank < 3:
                raise InputError(
                    f"needs [N, heads, T, d], and gets {given}", help="split the heads before it", index=index
                )
        number(query.shape[-1], "the last dimension of the query (d)")
        _need_heads(query, key, value)
        scores = self.scores(query, key)
        if mask is not None:
            need_dtype(mask, "bool", "float", index=3)
            _need_stretching(mask, scores, "mask", 3)
        if bias is not None:
            need_dtype(bias, "float", index=4)
            _need_stretching(bias, scores, "bias", 4)
        if self.alibi:
            self.heads(query)
        if sinks is not None:
            need_dtype(sinks, "float", index=5)
            if sinks.shape != (heads := self.heads(query),):
                raise InputError(f"needs [{heads}], a sink for each head, and gets {sinks}", index=5)
        return query.with_shape(*query.shape[:-1], value.shape[-1])

    def mixed(
        self, query: TensorType, key: TensorType, value: TensorType, *masks: TensorType | None
    ) -> tuple[tuple[int, ...], ...]:
        rank, placed = query.rank, self.causal or self.window is not None
        own = (rank - 2, rank - 1) if placed else (rank - 1,)
        return own, (rank - 2, rank - 1), (rank - 2,), *(() if mask is None else (mask.rank - 1,) for mask in masks)

    def sight(
        self, query: TensorType, key: TensorType, value: TensorType, *masks: TensorType | None
    ) -> tuple[Sight, ...]:
        return () if self.window is None else (Sight(None), Sight("all"))

    def continued(
        self,
        time: Expression,
        past: Expression,
        query: TensorType,
        key: TensorType,
        value: TensorType,
        *masks: TensorType | None,
    ) -> Continued | None:
        placed = self.causal or self.window is not None
        if not along(time, key.shape[-2]):
            moves = placed and equal(query.shape[-2], time)
            return Continued(self._behind(past)) if moves else None
        if not self.causal:
            message = f"lets every place along {time} see those after it"
            raise ArgumentError("causal", message, help="let it see those before it only: causal = true")
        if not (equal(query.shape[-2], time) and equal(key.shape[-2], time)):
            message = f"has {query.shape[-2]} queries and {key.shape[-2]} keys, where there are {time} places"
            raise InputError(message, help="give it one query and one key for each place", index=1)
        operands = zip(("key", "value", *self.optional_inputs), (key, value, *masks), strict=True)
        kept = [
            Kept(name, 1 + index, replaced(given, dim, past), join=Concat(dim=dim))
            for index, (name, given) in enumerate(operands)
            if given is not None
            and along(time, size := given.shape[dim := given.rank - (2 if index < 2 else 1)])
            and not equal(size, past + time)  # a mask of all keys
        ]
        return Continued(self._behind(past), tuple(kept))

    def _behind(self, past: Expression) -> "Attention":
        return self.model_copy(update={"offset": self.offset + past})

    def heads(self, query: TensorType) -> int:
        """The number of heads, where each is treated in its own way."""
        if query.rank < 4:
            raise InputError(f"needs [N, heads, T, d] to tell heads apart, and gets {query}")
        return number(query.shape[-3], "the dimension of heads")

    def scores(self, query: TensorType, key: TensorType) -> TensorType:
        """The type of the scores, [N, heads, T, S]."""
        return query.with_shape(*query.shape[:-1], key.shape[-2])

    def macs(self, query: TensorType, key: TensorType, value: TensorType, *masks: TensorType | None) -> Size:
        return product(self.scores(query, key).shape) * (query.shape[-1] + value.shape[-1])


def groups(query: TensorType, key: TensorType) -> int:
    """The number of heads of the query that share one head of the key."""
    if query.rank < 4 or query.shape[-3] == key.shape[-3]:
        return 1
    ours, theirs = query.shape[-3], key.shape[-3]
    if not (isinstance(ours, int) and isinstance(theirs, int)) or ours % theirs:
        raise InputError(
            f"has {ours} heads of the query and {theirs} of the key", "the second must divide the first", index=1
        )
    return ours // theirs


def _need_heads(query: TensorType, key: TensorType, value: TensorType) -> None:
    """Check that the sizes of query, key and value agree.

    Raises:
        InputError: they do not, or cannot be shown to.
    """
    share = groups(query, key) if query.rank == key.rank else 1
    wanted = (*query.shape[:-3], query.shape[-3] if share == 1 else key.shape[-3], key.shape[-2], query.shape[-1])
    if key.rank != query.rank or not same_sizes(key.shape, wanted):
        raise InputError(f"gets a query {query} and a key {key}, which differ in more than their length", index=1)
    if value.rank != key.rank or not same_sizes(value.shape[:-1], key.shape[:-1]):
        raise InputError(f"gets a key {key} and a value {value}: all but the last sizes must agree", index=2)


def same_sizes(left: tuple[Size, ...], right: tuple[Size, ...]) -> bool:
    """Whether two shapes are the same."""
    return all(equal(a, b) for a, b in zip(left, right, strict=True))


def _need_stretching(given: TensorType, scores: TensorType, name: str, index: int) -> None:
    """Check that a mask stretches to the shape of the scores, and not beyond."""
    refusal = InputError(f"needs a {name} that stretches to {scores}, and gets {given}", index=index)
    try:
        shape = broadcast([scores.shape, given.shape])
    except InputError:
        raise refusal from None
    if len(shape) != scores.rank or not same_sizes(shape, scores.shape):
        raise refusal
