"""Positions as waves: added as an embedding, or as rotations of queries and keys.

Nothing here is learned or stored: the waves are computed where they are used, from angles of 32 bits or more, and
then rounded to the number format of the model.
"""

from typing import ClassVar

from pydantic import FiniteFloat, PositiveFloat, PositiveInt

from nnspec.dims import Expression, equal
from nnspec.layers.base import ArgumentError, Example, Inferred, InputError, Layer, TensorType, need_dtype, number
from nnspec.layers.continued import Continued, along


class SinusoidalEmbedding(Layer):
    """Sines and cosines of each position, with frequencies from 1 down to 1/base.

    With h = embedding_dim / 2, frequency i is `base ** (-i / (h - freq_shift))`. Sine and cosine of a frequency stand
    side by side as in the Transformer (Vaswani et al. 2017), or with `interleaved = false` all sines before all
    cosines, as in diffusion models (Ho et al. 2020, with freq_shift = 1); `cosine_first` exchanges them.
    Shapes: int or float [...] -> [..., embedding_dim]. Source: diffusers.models.embeddings.get_timestep_embedding.
    """

    by_position: ClassVar[tuple[str, ...]] = ("embedding_dim",)
    pointwise: ClassVar[bool] = True
    exact: ClassVar[frozenset[int]] = frozenset({0})
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"interleaved", "cosine_first", "freq_shift"})

    embedding_dim: PositiveInt
    base: PositiveFloat = 10000.0
    interleaved: bool = True
    cosine_first: bool = False
    freq_shift: FiniteFloat = 0.0

    examples: ClassVar = (
        Example("SinusoidalEmbedding(6)", ("int[T]",)),
        Example("SinusoidalEmbedding(8, interleaved = false, freq_shift = 1)", ("int[N]",)),
        Example("SinusoidalEmbedding(4, base = 100.0, interleaved = false, cosine_first = true)", ("float[N, T]",)),
        Example("SinusoidalEmbedding(6, cosine_first = true)", ("float[N]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "int", "float")
        if self.embedding_dim % 2:
            message = f"{self.embedding_dim} is odd, and sines and cosines come in pairs"
            raise ArgumentError("embedding_dim", message, help=f"give {self.embedding_dim + 1}")
        if self.freq_shift >= self.embedding_dim // 2:
            message = f"{self.freq_shift} is not less than the number of frequencies, {self.embedding_dim // 2}"
            raise ArgumentError("freq_shift", message, help="give 0 or 1")
        return TensorType("float", (*input.shape, self.embedding_dim))


class RotaryEmbedding(Layer):
    """Rotates pairs of features by angles that grow with the position (Su et al. 2021).

    Pair i of d/2 turns by `position * base ** (-2 * i / d)`. The pairs are (i, i + d/2), as in Llama, or (2i, 2i + 1)
    where they are `interleaved`, as in the paper. The positions are `offset` to `offset` + T - 1 unless given. With
    `scaling = [factor, low, high, length]`, as in Llama 3.1, waves that fit into `length` positions less than `low`
    times turn `factor` times slower, those that fit more than `high` times as before, those between in proportion.
    Shapes: float [..., T, d] -> the same; positions int [T], or [N, T] for an input [N, heads, T, d].
    Raises an error where d is odd or a symbol. Source: transformers.models.llama.apply_rotary_pos_emb.
    """

    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("dim", -1),)
    optional_inputs: ClassVar[tuple[str, ...]] = ("positions",)
    function: ClassVar[str | None] = "rotary"
    exact: ClassVar[frozenset[int]] = frozenset({1})
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"scaling", "offset"})

    base: PositiveFloat = 10000.0
    interleaved: bool = False
    scaling: tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat] | None = None
    offset: int | Expression = 0

    examples: ClassVar = (
        Example("rotary(a)", ("float[N, 2, T, 6]",)),
        Example("rotary(a, base = 500.0, interleaved = true)", ("float[N, T, 4]",)),
        Example("rotary(a, b)", ("float[N, 2, T, 4]", "int[N, T]")),
        Example("RotaryEmbedding(interleaved = true)", ("float[N, 2, T, 4]", "int[T]")),
        Example("rotary(a, base = 100.0)", ("float[N, 2, 7, 4]",)),
        Example("rotary(a, scaling = [8.0, 1.0, 4.0, 256])", ("float[N, 2, T, 8]",)),
        Example("rotary(a, b, interleaved = true, scaling = [32.0, 1.0, 4.0, 64])", ("float[N, T, 6]", "int[T]")),
        Example("rotary(a, offset = 3)", ("float[N, 2, T, 6]",)),
        Example("rotary(a, offset = P)", ("float[N, 2, T, 4]", "float[P]")),
    )

    def infer(self, input: TensorType, positions: TensorType | None = None) -> TensorType:
        need_dtype(input, "float")
        if input.rank < 2:
            raise InputError(f"needs [..., T, d], and gets {input}")
        features = number(input.shape[-1], "the last dimension (d)")
        if features % 2:
            raise InputError(f"turns pairs of features, and gets {features}", help="make the last dimension even")
        if self.scaling is not None and self.scaling[1] >= self.scaling[2]:
            message = f"low = {self.scaling[1]} is not less than high = {self.scaling[2]}"
            raise ArgumentError("scaling", message, help="give [factor, low, high, length], as [8.0, 1.0, 4.0, 8192]")
        if positions is not None:
            if self.offset != 0:
                raise ArgumentError("offset", "both an offset and positions are given", help="give one of them")
            self._need_positions(input, positions)
        return input

    def mixed(self, input: TensorType, positions: TensorType | None = None) -> tuple[tuple[int, ...], ...]:
        return (input.rank - 1,), ()

    def continued(
        self, time: Expression, past: Expression, input: TensorType, positions: TensorType | None = None
    ) -> Continued | None:
        if positions is not None or not along(time, input.shape[-2]):
            return None
        if not equal(input.shape[-2], time):
            message = f"turns {input.shape[-2]} places, which is not one for each along {time}"
            raise InputError(message, help="say where they stand: rotary(x, positions)")
        return Continued(self.model_copy(update={"offset": self.offset + past}))

    def _need_positions(self, input: TensorType, positions: TensorType) -> None:
        need_dtype(positions, "int", "float", index=1)
        shapes = [(input.shape[-2],), *([(input.shape[0], input.shape[-2])] if input.rank == 4 else [])]
        for shape in shapes:
            if len(shape) == positions.rank and all(map(equal, shape, positions.shape)):
                return
        wanted = " or ".join(str(positions.with_shape(*shape)) for shape in shapes)
        raise InputError(f"needs positions {wanted} for an input {input}, and gets {positions}", index=1)
