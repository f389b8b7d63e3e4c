"""Lookup of vectors by index: learned ones, or those of one 1."""

from typing import ClassVar

from nnspec.layers.base import Example, Initial, Layer, Weight
from nnspec.layers.initial import Initialised
from nnspec.layers.numbers import PositiveInt
from nnspec.layers.tensor_type import ArgumentError, TensorType, need_dtype


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


class OneHot(Layer):
    """A 1 at each index from 0 to `num_classes` - 1 among 0s, along a new last dimension; whole numbers, as torch's.

    Shapes: int [...] -> int [..., num_classes]; `cast(_, "float")` behind it makes floats.
    Source: torch.nn.functional.one_hot.
    """

    by_position: ClassVar[tuple[str, ...]] = ("num_classes",)
    pointwise: ClassVar[bool] = True
    function: ClassVar[str | None] = "one_hot"

    num_classes: PositiveInt

    examples: ClassVar = (Example("one_hot(a, 5)", ("int[N, T]",)), Example("OneHot(3)", ("int[]",)))

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "int")
        return TensorType("int", (*input.shape, self.num_classes))

    def indices_below(self) -> int:
        return self.num_classes
