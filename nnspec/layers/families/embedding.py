"""Lookup of learned vectors by index."""

from typing import ClassVar

from pydantic import PositiveInt

from nnspec.layers.base import ArgumentError, Example, Initial, TensorType, Weight, need_dtype
from nnspec.layers.initial import Initialised


class Embedding(Initialised):
    """A learned vector for each index from 0 to `num_embeddings` - 1; that of `padding_idx` starts as 0 and stays so.

    Shapes: int [...] -> [..., embedding_dim]. Source: torch.nn.Embedding.
    """

    by_position: ClassVar[tuple[str, ...]] = ("num_embeddings", "embedding_dim")
    pointwise: ClassVar[bool] = True

    num_embeddings: PositiveInt
    embedding_dim: PositiveInt
    padding_idx: int | None = None

    examples: ClassVar = (
        Example("Embedding(10, 4)", ("int[N, T]",)),
        Example("Embedding(10, 4, padding_idx = 0)", ("int[N]",)),
        Example('Embedding(10, 4, weight_init = ["normal", 0.0, 0.02])', ("int[N, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "int")
        count = self.num_embeddings
        if self.padding_idx is not None and not -count <= self.padding_idx < count:
            raise ArgumentError(
                "padding_idx",
                f"there is no index {self.padding_idx} among {count}",
                help=f"give one from 0 to {count - 1}",
            )
        return TensorType("float", (*input.shape, self.embedding_dim))

    def weights(self, input: TensorType) -> tuple[Weight, ...]:
        shape = (self.num_embeddings, self.embedding_dim)
        return (Weight("weight", shape, self.initial_weight(shape, Initial("normal", (0.0, 1.0)))),)

    def indices_below(self) -> int:
        return self.num_embeddings
