"""Multi-head attention to a memory, in two: keys and values, which are made once, and attention to them.

Both have all weights of torch's layer, of which each uses its own: a decoder that writes a text makes the keys and
values of an encoder's result only once.
"""

from typing import ClassVar

from nnspec.dims import Size, equal, product
from nnspec.layers.base import Example, Weight
from nnspec.layers.multihead import Multihead
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype, number


class _Half(Multihead):
    """The base of both halves."""

    embed_dim: PositiveInt
    kdim: PositiveInt | None = None
    vdim: PositiveInt | None = None

    @property
    def size(self) -> int:
        """The features of one head."""
        return self.embed_dim // self.num_heads

    @property
    def sources(self) -> tuple[TensorType, TensorType, TensorType]:
        """The types of query, key and value as torch's layer would get them, of one place."""
        sizes = (self.embed_dim, self.kdim or self.embed_dim, self.vdim or self.kdim or self.embed_dim)
        return tuple(TensorType("float", (1, 1, size)) for size in sizes)  # type: ignore[return-value]

    @property
    def one_matrix(self) -> bool:
        """Whether one weight holds all three projections."""
        return self.packed(*self.sources)

    def weights(self, *inputs: TensorType | None) -> tuple[Weight, ...]:
        self.head_size(self.sources[0])
        return super().weights(*self.sources)


class MemoryKeys(_Half):
    """The keys and values that `MultiheadAttention` makes of a memory, in heads.

    `nnspec export --cache` computes them once, in the encoder. The value is made of the key unless given.
    Shapes: [N, S, kdim] (and [N, S, vdim]) -> twice [N, heads, S, embed_dim / heads].
    Source: torch.nn.MultiheadAttention.
    """

    by_position: ClassVar[tuple[str, ...]] = ("num_heads", "embed_dim")
    inputs: ClassVar[tuple[str, ...]] = ("key",)
    optional_inputs: ClassVar[tuple[str, ...]] = ("value",)
    outputs: ClassVar[tuple[str, ...]] = ("key", "value")
    first_is_value: ClassVar[bool] = True

    examples: ClassVar = (
        Example("MemoryKeys(2, 6)", ("float[N, S, 6]",)),
        Example("MemoryKeys(2, 6, kdim = 4, vdim = 3, bias = false)", ("float[N, S, 4]", "float[N, S, 3]")),
        Example("MemoryKeys(3, 6, batch_first = false)", ("float[S, N, 6]",)),
    )

    def infer(self, key: TensorType, value: TensorType | None = None) -> tuple[TensorType, TensorType]:
        keys, _, values = self.operands(key, key, value or key)
        for index, (given, wanted) in enumerate(zip((keys, values), self.sources[1:], strict=True)):
            if given.shape[2] != wanted.shape[2]:
                message = f"makes keys and values of {wanted.shape[2]} features, and gets {given}"
                raise InputError(message, index=min(index, 0 if value is None else 1))
        if not equal(keys.shape[1], values.shape[1]):
            raise InputError(f"gets a key {keys} and a value {values} of other sizes", index=1)
        made = keys.with_shape(keys.shape[0], self.num_heads, keys.shape[1], self.size)
        return made, made

    def mixed(self, key: TensorType, value: TensorType | None = None) -> tuple[tuple[int, ...], ...]:
        return (2,), () if value is None else (2,)

    def macs(self, key: TensorType, value: TensorType | None = None) -> Size:
        return (product(key.shape) + product((value or key).shape)) * self.embed_dim


class MemoryAttention(_Half):
    """Attention of several heads to keys and values that `MemoryKeys` has made.

    `key_padding_mask` and `attn_mask` are those of `MultiheadAttention`: true where a key may *not* be seen, or numbers
    that are added to the scores.
    Shapes: [N, T, D], key and value [N, heads, S, D / heads] -> [N, T, D]. Source: torch.nn.MultiheadAttention.
    """

    by_position: ClassVar[tuple[str, ...]] = ("num_heads", "embed_dim")
    inputs: ClassVar[tuple[str, ...]] = ("query", "key", "value")
    optional_inputs: ClassVar[tuple[str, ...]] = ("key_padding_mask", "attn_mask")

    examples: ClassVar = (
        Example("MemoryAttention(2, 6)", ("float[N, T, 6]", "float[N, 2, S, 3]", "float[N, 2, S, 3]")),
        Example(
            "MemoryAttention(2, 6, kdim = 4, vdim = 3, bias = false, batch_first = false)",
            ("float[T, N, 6]", "float[N, 2, S, 3]", "float[N, 2, S, 3]", "bool[N, S]"),
        ),
        Example(
            "MemoryAttention(3, 6)",
            ("float[N, T, 6]", "float[N, 3, S, 2]", "float[N, 3, S, 2]", "float[N, S]", "float[T, S]"),
        ),
    )

    def infer(
        self,
        query: TensorType,
        key: TensorType,
        value: TensorType,
        key_padding_mask: TensorType | None = None,
        attn_mask: TensorType | None = None,
    ) -> TensorType:
        (batch, time, features), _, _ = (given.shape for given in self.operands(query))
        for index, given in ((1, key), (2, value)):
            need_dtype(given, "float", index=index)
            wanted = (batch, self.num_heads, key.shape[2] if key.rank == 4 else 1, self.size)
            if given.rank != 4 or not all(map(equal, given.shape, wanted)):
                raise InputError(f"needs {given.with_shape(*wanted)}, [N, heads, S, d], and gets {given}", index=index)
        if features != self.embed_dim:
            raise InputError(f"needs queries of {self.embed_dim} features, and gets {query}")
        for index, mask, shape in ((3, key_padding_mask, (batch, key.shape[2])), (4, attn_mask, (time, key.shape[2]))):
            if mask is not None:
                need_dtype(mask, "bool", "float", index=index)
                if mask.rank != 2 or not all(map(equal, mask.shape, shape)):
                    raise InputError(f"needs a mask {mask.with_shape(*shape)}, and gets {mask}", index=index)
        return query

    def mixed(self, query: TensorType, *others: TensorType | None) -> tuple[tuple[int, ...], ...]:
        rest = ((1, 2, 3), (1, 2, 3), (1,), (0, 1))
        return (2,), *(() if given is None else dims for given, dims in zip(others, rest, strict=False))

    def macs(self, query: TensorType, key: TensorType, *others: TensorType | None) -> Size:
        batch, time, features = self.operands(query)[0].shape
        projections = 2 * product(query.shape) * number(features, "D")
        return projections + 2 * product((batch, time, key.shape[2], features))
