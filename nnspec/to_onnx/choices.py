"""The options of an export: operators, numbers, the target, and the form of the file."""

from __future__ import annotations

from typing import Literal, get_args

from nnspec.record import Record

Precision = Literal["float32", "float16", "bfloat16", "int8", "int8-static"]
Target = Literal["cpu", "cuda", "standard"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
TARGETS: tuple[Target, ...] = get_args(Target)

# How far an element may be from exact, relative to the largest magnitude of its output. Fewer bits are what the user
# asked for, and what they cost is told: these bounds only tell a coarse model from a broken one. Static int8 is made of
# a float32 model, which is held to the first.
TOLERANCES: dict[Precision, float] = {
    "float32": 1e-4, "float16": 0.1, "bfloat16": 0.25, "int8": 1.0, "int8-static": 1e-4
}  # fmt: skip


class Choices(Record):
    """The opset (None: the one that fits), the numbers that it computes in, what it runs on, its form and its inputs.

    The targets differ in two things. Attention is one operator for "cuda", which onnxruntime computes there without
    the table of all pairs, and products with a softmax otherwise, which its processor runs as fast. And bfloat16 is
    computed in for "cuda" and "standard"; for "cpu", whose kernels have none, it is how the weights are stored. All
    else is the same operators of the standard: those that onnxruntime adds to it were measured to be no faster.
    """

    opset: int | None = None
    precision: Precision = "float32"
    target: Target = "cpu"
    functions: bool = False
    normalize: bool = True  # whether the normalisation of training is part of the model

    @property
    def computes_in_half(self) -> bool:
        """Whether operators take 16 bits, where weights are stored in them."""
        return self.precision == "float16" or (self.precision == "bfloat16" and self.target != "cpu")

    @property
    def runs_on_cpu(self) -> bool:
        """Whether onnxruntime's processor has kernels for it."""
        return self.precision != "bfloat16" or not self.computes_in_half


DEFAULT_CHOICES = Choices()
