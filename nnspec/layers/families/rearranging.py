"""Einops-style rearranging: split, reorder and join dimensions by a pattern."""

from typing import Any, ClassVar

from nnspec.dims import Expression
from nnspec.layers.base import Example, Layer
from nnspec.layers.rearrangement import plan
from nnspec.layers.reshaping import Regrouping, need_positive, split_axes
from nnspec.layers.tensor_type import TensorType


class Rearrange(Layer):
    """Dimensions split, reordered and joined by a pattern, as in einops; axis lengths are given by name.

    Shapes: "n c (h p) (w q) -> n (h w) (p q c)", p = 16, q = 16: [N, 3, 16*h, 16*w] -> [N, h*w, 768].
    Source: einops.rearrange (Rogozhnikov, 2022).
    """

    by_position: ClassVar[tuple[str, ...]] = ("pattern",)

    rearranges: ClassVar[bool] = True
    others: ClassVar[Any] = int | Expression  # the lengths

    pattern: str

    examples: ClassVar = (
        Example(
            'Rearrange("n (h p) (w q) c -> n (h w) (p q c)", p = 4, q = 2)',
            ("float[N, 4*h, 2*w, 3]",),
            {"h": 3, "w": 5},
        ),
        Example('Rearrange("n c h w -> n (h w) c")'),
        Example('Rearrange("n t (heads d) -> n heads t d", heads = 3)', ("float[N, T, 12]",)),
        Example('Rearrange("n ... c -> n c ...")', ("float[N, H, W, 3]",)),
        Example('Rearrange("n ... -> n (...)")'),
        Example('Rearrange("n 1 (a b) -> (n b) () a", b = 2)', ("int[N, 1, 8]",)),
        Example('Rearrange("a b -> a b")', ("float[3, 4]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        return input.with_shape(*self.plan(input).joined)

    def mixed(self, input: TensorType) -> tuple[tuple[int, ...], ...]:
        return (split_axes(input.shape, self.plan(input).split),)

    def regrouped(self, input: TensorType) -> Regrouping:
        return self.plan(input)

    def plan(self, input: TensorType) -> Regrouping:
        """The reshape, permutation and reshape that it amounts to."""
        for name, length in self.further.items():
            need_positive(length, name, f"an axis cannot have {length} elements")
        return plan(self.pattern, self.further, input)
