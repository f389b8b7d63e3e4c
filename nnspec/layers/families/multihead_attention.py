"""Torch's attention of several heads, with projections of its own."""

from typing import ClassVar

from nnspec.dims import Expression, Size, equal, product
from nnspec.layers.base import Continued, Example, Kept, Remembered, Weight
from nnspec.layers.batched import Batched
from nnspec.layers.continued import along
from nnspec.layers.families.attention import same_sizes
from nnspec.layers.families.cached_attention import CachedMultiheadAttention
from nnspec.layers.families.memory_attention import MemoryAttention, MemoryKeys
from nnspec.layers.multihead import Multihead
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype


class MultiheadAttention(Batched, Multihead):
    """Attention of several heads between projections of query, key and value (Vaswani et al. 2017).

    The key is the query unless given, and the value is the key: `x -> MultiheadAttention(8)` is self-attention,
    `(x, memory) -> MultiheadAttention(8)` attends to a memory. As in torch, `key_padding_mask` [N, S] and `attn_mask`
    [T, S] or [N * heads, T, S] are true where a key may *not* be seen, or numbers that are added to the scores.
    `causal` hides what comes later. The batch comes first, [N, T, D], unless `batch_first = false`: other than in
    torch, that is the default here, since specs write so. `dropout` is that of the weights in training. A query
    that may see no key gives zeros to the last projection.
    Shapes: [N, T, D] (and [N, S, D_key], [N, S, D_value]) -> [N, T, D].
    Raises an error where D is a symbol, or the heads do not divide it. Source: torch.nn.MultiheadAttention.
    """

    inputs: ClassVar[tuple[str, ...]] = ("query",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("key", "value", "key_padding_mask", "attn_mask")
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"causal"})

    causal: bool = False

    examples: ClassVar = (
        Example("MultiheadAttention(2)", ("float[N, T, 6]",)),
        Example("MultiheadAttention(3, dropout = 0.1, bias = false, batch_first = false)", ("float[T, N, 6]",)),
        Example("MultiheadAttention(2, causal = true)", ("float[N, T, 6]",)),
        Example("MultiheadAttention(2, causal = true)", ("float[T, 6]",)),
        Example(
            "MultiheadAttention(2, batch_first = false)",
            ("float[T, 6]", "float[S, 6]", "float[S, 6]", "bool[S]", "float[2, T, S]"),
        ),
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

    @property
    def batch_rank(self) -> int:
        return 3

    def is_sample(self, first: TensorType) -> bool:
        return first.dtype == "float" and isinstance(first.shape[-1], int)

    def sample_dims(self, *inputs: TensorType | None) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        """Those of sequences and of a padding mask; another mask begins with heads, those of the one sample here."""
        first = 1 - int(self.batch_first)
        return (first, first, first, 0, None)[: len(inputs)], (first,)

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
        if not same_sizes(values.shape[:2], keys.shape[:2]):
            raise InputError(f"gets a key {key} and a value {value} of other sizes", index=2)
        if self.causal and not equal(time, length):
            raise ArgumentError("causal", f"there are {time} queries and {length} keys", "causal is for self-attention")
        if key_padding_mask is not None:
            _need_mask(key_padding_mask, ((batch, length),), "key_padding_mask", 3)
        if attn_mask is not None:
            heads = (self.num_heads * batch, time, length)
            _need_mask(attn_mask, ((time, length), heads), "attn_mask", 4)
        return query

    def mixed(
        self,
        query: TensorType,
        key: TensorType | None = None,
        value: TensorType | None = None,
        *masks: TensorType | None,
    ) -> tuple[tuple[int, ...], ...]:
        all_of_it = (int(self.batch_first), 2)
        own = all_of_it if self.causal or key is None else (2,)
        apart = (1, 0)  # a padding mask [N, S] begins with the samples; another one may have them among its heads
        pairs = zip(masks, apart, strict=False)
        hidden = (() if mask is None else tuple(range(first, mask.rank)) for mask, first in pairs)
        return own, *(() if given is None else all_of_it for given in (key, value)), *hidden

    def continued(
        self,
        time: Expression,
        past: Expression,
        query: TensorType,
        key: TensorType | None = None,
        *others: TensorType | None,
    ) -> Continued | None:
        places = self.operands(query)[0].shape[1]
        if not along(time, places) or (key is not None and not along(time, product(key.shape))):
            return None  # where it attends to a memory, that is there from the start
        if not self.causal:
            raise ArgumentError("causal", f"lets every place along {time} see those after it", "write causal = true")
        if key is not None or any(given is not None for given in others) or not equal(places, time):
            message = f"gets more than one sequence of {time} places, with which it could go on"
            raise InputError(message, help="give it the sequence alone, or use attention(query, key, value, mask)")
        kept = self.past(query, past)
        options = {name: getattr(self, name) for name in Multihead.model_fields}
        layer = CachedMultiheadAttention(**options)
        return Continued(layer, (Kept("key", 1, kept, result=1), Kept("value", 2, kept, result=2)))

    def weights(self, *inputs: TensorType | None) -> tuple[Weight, ...]:
        return super().weights(*inputs)

    def remembered(self, same: frozenset[int], *inputs: TensorType | None) -> Remembered | None:
        query, key, value, *_ = inputs
        if self.single(*inputs):
            return None
        if key is None or query is None or not {1} <= same or (value is not None and 2 not in same):
            return None
        own, keys, values = (given.shape[2] for given in self.operands(query, key, value))
        options = {name: getattr(self, name) for name in Multihead.model_fields}
        options |= {"embed_dim": own, "kdim": keys, "vdim": values}
        of = (1,) if value is None else (1, 2)
        return Remembered(MemoryKeys(**options), of, MemoryAttention(**options), (3, 4))

    def macs(self, *inputs: TensorType | None) -> Size:
        own, keys, values = self.operands(*inputs)  # type: ignore[arg-type]
        batch, time, features = own.shape
        projections = 2 * product(own.shape) * features + (product(keys.shape) + product(values.shape)) * features
        return projections + 2 * product((batch, time, keys.shape[1], features))


def _need_mask(given: TensorType, shapes: tuple[tuple[Size, ...], ...], name: str, index: int) -> None:
    need_dtype(given, "bool", "float", index=index)
    if not any(len(shape) == given.rank and same_sizes(given.shape, shape) for shape in shapes):
        wanted = " or ".join(str(given.with_shape(*shape)) for shape in shapes)
        raise InputError(f"needs {wanted} as its {name}, and gets {given}", index=index)
