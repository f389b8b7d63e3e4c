"""Positions as waves that are added as an embedding; those that turn queries and keys are in rotary.py.

Nothing here is learned or stored: the waves are computed where they are used, from angles of 32 bits or more, and
then rounded to the number format of the model.
"""

from typing import ClassVar

from nnspec.layers.base import Example, Layer
from nnspec.layers.numbers import FiniteFloat, PositiveFloat, PositiveInt
from nnspec.layers.tensor_type import ArgumentError, TensorType, need_dtype


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
