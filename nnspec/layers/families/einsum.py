"""Sums of products of tensors whose dimensions have names."""

from typing import ClassVar

from nnspec.dims import Size
from nnspec.layers.base import Example, Layer
from nnspec.layers.contraction import Contraction, plan
from nnspec.layers.tensor_type import TensorType, need_dtype


class Einsum(Layer):
    """The sum of the products of all operands over the dimensions whose letters the result does not have.

    `equation` names each dimension by a letter: "bhqd,bhkd->bhqk". Dimensions of one letter have one size, proven for
    symbols; `...` is any number of dimensions, stretched by broadcasting. A letter twice in an operand is its diagonal.
    Without `->` the result has the letters that occur once, in the order of the alphabet.
    Shapes: as the equation says. Multiply-accumulates are those from left to right. Source: torch.einsum.
    """

    by_position: ClassVar[tuple[str, ...]] = ("equation",)
    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    function: ClassVar[str | None] = "einsum"

    equation: str

    examples: ClassVar = (
        Example('einsum("bhqd,bhkd->bhqk", a, b)', ("float[N, 2, T, 4]", "float[N, 2, S, 4]")),
        Example('einsum("...ij, ...jk -> ...ik", a, b)', ("float[N, 1, T, 4]", "float[5, 4, 3]")),
        Example('Einsum("nhwc,cd->nhwd")', ("float[N, H, W, 3]", "float[3, 5]"), {"H": 3, "W": 4}),
        Example('einsum("ni,nij,nj->n", a, b, c)', ("float[N, T]", "float[N, T, S]", "float[N, S]")),
        Example('einsum("ni,nj->nij", a, b)', ("float[N, 3]", "float[N, T]")),
        Example('einsum("nii->ni", a)', ("float[N, T, T]",)),
        Example('einsum("nct->tn", a)', ("float[N, 3, T]",)),
        Example('einsum("ba,cb", a, b)', ("float[T, N]", "float[4, T]")),
        Example('einsum("b...d,bd->b...", a, b)', ("float[N, 2, T, 4]", "float[N, 4]")),
    )

    def plan(self, *inputs: TensorType) -> Contraction:
        """The labels of all dimensions, and their sizes."""
        for index, given in enumerate(inputs):
            need_dtype(given, "float", index=index)
        return plan(self.equation, inputs)

    def infer(self, *inputs: TensorType) -> TensorType:
        return inputs[0].with_shape(*self.plan(*inputs).shape)

    def mixed(self, *inputs: TensorType) -> tuple[tuple[int, ...], ...]:
        planned = self.plan(*inputs)
        return tuple(
            tuple(dim for dim, label in enumerate(own) if label not in planned.result or own.count(label) > 1)
            for own in planned.operands
        )

    def macs(self, *inputs: TensorType) -> Size:
        return self.plan(*inputs).macs()
