"""Attention: its core, which owns no weights, and torch's layer of that name with its four projections."""

from typing import Annotated, ClassVar

from pydantic import Field, FiniteFloat, PositiveInt

from nnspec.dims import Size, equal, product
from nnspec.layers.arithmetic import broadcast
from nnspec.layers.base import (
    ZEROS,
    ArgumentError,
    Example,
    InputError,
    Layer,
    TensorType,
    Weight,
    need_dtype,
    number,
)
from nnspec.layers.initial import initial, torch_uniform

Probability = Annotated[float, Field(ge=0, le=1)]


class Attention(Layer):
    """`softmax(scale * query @ key.T + bias) @ value`, in every head by itself (Vaswani et al. 2017).

    Where there are fewer heads of key and value, each serves as many heads of the query, one after the other: grouped
    and multi-query attention. `mask` is true where a key may be seen, or a number that is added to the score; `bias` is
    always such a number. `causal` lets query t see the keys 0 to t only, `window` those that are less than `window`
    places away. `scale` is 1/sqrt(d) unless given; `dropout` is that of the weights in training.
    A query that may see no key gives zeros.
    Shapes: query [N, heads, T, d], key [N, kv_heads, S, d], value [N, kv_heads, S, e] -> [N, heads, T, e]; mask and
    bias stretch to [N, heads, T, S]. Source: torch.nn.functional.scaled_dot_product_attention.
    """

    inputs: ClassVar[tuple[str, ...]] = ("query", "key", "value")
    optional_inputs: ClassVar[tuple[str, ...]] = ("mask", "bias")
    function: ClassVar[str | None] = "attention"
    keyword_only: ClassVar[frozenset[str]] = frozenset({"dropout", "causal", "scale", "window"})

    dropout: Probability = 0.0
    causal: bool = False
    scale: FiniteFloat | None = None
    window: PositiveInt | None = None

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
    )

    def infer(
        self,
        query: TensorType,
        key: TensorType,
        value: TensorType,
        mask: TensorType | None = None,
        bias: TensorType | None = None,
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
        return query.with_shape(*query.shape[:-1], value.shape[-1])

    def scores(self, query: TensorType, key: TensorType) -> TensorType:
        """The type of the scores, [N, heads, T, S]."""
        return query.with_shape(*query.shape[:-1], key.shape[-2])

    def macs(self, query: TensorType, key: TensorType, value: TensorType, *masks: TensorType | None) -> Size:
        return product(self.scores(query, key).shape) * (query.shape[-1] + value.shape[-1])


def groups(query: TensorType, key: TensorType) -> int:
    """How many heads of the query share one head of the key."""
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
    if key.rank != query.rank or not _same(key.shape, wanted):
        raise InputError(f"gets a query {query} and a key {key}, which differ in more than their length", index=1)
    if value.rank != key.rank or not _same(value.shape[:-1], key.shape[:-1]):
        raise InputError(f"gets a key {key} and a value {value}: all but the last sizes must agree", index=2)


def _same(left: tuple[Size, ...], right: tuple[Size, ...]) -> bool:
    return all(equal(a, b) for a, b in zip(left, right, strict=True))


def _need_stretching(given: TensorType, scores: TensorType, name: str, index: int) -> None:
    """Check that a mask stretches to the shape of the scores, and not beyond."""
    refusal = InputError(f"needs a {name} that stretches to {scores}, and gets {given}", index=index)
    try:
        shape = broadcast([scores.shape, given.shape])
    except InputError:
        raise refusal from None
    if len(shape) != scores.rank or not _same(shape, scores.shape):
        raise refusal


class MultiheadAttention(Layer):
    """Attention of several heads between projections of query, key and value (Vaswani et al. 2017).

    The key is the query unless given, and the value is the key: `x -> MultiheadAttention(8)` is self-attention,
    `(x, memory) -> MultiheadAttention(8)` attends to a memory. As in torch, `key_padding_mask` [N, S] and `attn_mask`
    [T, S] or [N * heads, T, S] are true where a key may *not* be seen, or numbers that are added to the scores.
    `causal` hides what comes later. The batch comes first, [N, T, D], unless `batch_first = false`: other than in
    torch, that is the default here, since specs write so. `dropout` is that of the weights in training.
    Shapes: [N, T, D] (and [N, S, D_key], [N, S, D_value]) -> [N, T, D].
    Raises an error where D is a symbol, or the heads do not divide it. Source: torch.nn.MultiheadAttention.
    """

    inputs: ClassVar[tuple[str, ...]] = ("query",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("key", "value", "key_padding_mask", "attn_mask")
    keyword_only: ClassVar[frozenset[str]] = frozenset({"causal"})

    num_heads: PositiveInt
    dropout: Probability = 0.0
    bias: bool = True
    batch_first: bool = True
    causal: bool = False

    examples: ClassVar = (
        Example("MultiheadAttention(2)", ("float[N, T, 6]",)),
        Example("MultiheadAttention(3, dropout = 0.1, bias = false, batch_first = false)", ("float[T, N, 6]",)),
        Example("MultiheadAttention(2, causal = true)", ("float[N, T, 6]",)),
        Example("MultiheadAttention(2)", ("float[N, T, 6]", "float[N, S, 6]")),
        Example("MultiheadAttention(2)", ("float[N, T, 6]", "float[N, S, 6]", "float[N, S, 6]")),
        Example("MultiheadAttention(2)", ("float[N, T, 6]", "float[N, S, 5]", "float[N, S, 3]", "bool[N, S]")),
        Example("MultiheadAttention(2, bias = false)", ("float[N, T, 6]", "float[N, S, 5]")),
        Example("a -> MultiheadAttention(2, causal = true, key_padding_mask = b)", ("float[N, T, 6]", "bool[N, T]")),
        Example("a -> MultiheadAttention(2, attn_mask = b, causal = true)", ("float[N, T, 6]", "bool[T, T]")),
        Example("a -> MultiheadAttention(2, attn_mask = b, causal = true)", ("float[N, T, 6]", "float[2*N, T, T]")),
        Example(
            "MultiheadAttention(2, batch_first = false)",
            ("float[T, N, 6]", "float[S, N, 6]", "float[S, N, 6]", "float[N, S]", "float[T, S]"),
        ),
    )

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

    def infer(
        self,
        query: TensorType,
        key: TensorType | None = None,
        value: TensorType | None = None,
        key_padding_mask: TensorType | None = None,
        attn_mask: TensorType | None = None,
    ) -> TensorType:
        own, keys, values = self.operands(query, key, value)
        self.head_size(own)
        (batch, time, _), (_, length, _) = own.shape, keys.shape
        if not equal(keys.shape[0], batch):
            raise InputError(f"gets a query {query} and a key {key}, of different batches", index=1)
        if not _same(values.shape[:2], keys.shape[:2]):
            raise InputError(f"gets a key {key} and a value {value} of other sizes", index=2)
        if self.causal and not equal(time, length):
            raise ArgumentError("causal", f"there are {time} queries and {length} keys", "causal is for self-attention")
        if key_padding_mask is not None:
            _need_mask(key_padding_mask, ((batch, length),), "key_padding_mask", 3)
        if attn_mask is not None:
            heads = (self.num_heads * batch, time, length)
            _need_mask(attn_mask, ((time, length), heads), "attn_mask", 4)
        return query

    def head_size(self, query: TensorType) -> int:
        """The features of one head."""
        features = number(query.shape[2], "the last dimension")
        if features % self.num_heads:
            raise ArgumentError("num_heads", f"{self.num_heads} heads do not divide {features} features")
        return features // self.num_heads

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

    def macs(self, *inputs: TensorType | None) -> Size:
        own, keys, values = self.operands(*inputs)  # type: ignore[arg-type]
        batch, time, features = own.shape
        projections = 2 * product(own.shape) * features + (product(keys.shape) + product(values.shape)) * features
        return projections + 2 * product((batch, time, keys.shape[1], features))


def _need_mask(given: TensorType, shapes: tuple[tuple[Size, ...], ...], name: str, index: int) -> None:
    need_dtype(given, "bool", "float", index=index)
    if not any(len(shape) == given.rank and _same(given.shape, shape) for shape in shapes):
        wanted = " or ".join(str(given.with_shape(*shape)) for shape in shapes)
        raise InputError(f"needs {wanted} as its {name}, and gets {given}", index=index)
