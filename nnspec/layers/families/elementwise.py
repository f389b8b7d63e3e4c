"""Functions of each element: powers, logarithms, rounding, bounds, casts. Activations are in activation.py.

They work on numbers as on tensors: `sqrt(64)` is computed when the spec is compiled.
"""

import math
from collections.abc import Callable
from typing import ClassVar

from nnspec.layers.arithmetic import Elementwise, Number, promote, scalar_dtype
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import ArgumentError, DType, TensorType, need_dtype


class Exp(Elementwise):
    """e to the power of each element.

    Shapes: any -> the same. Source: torch.exp.
    """

    function: ClassVar[str | None] = "exp"
    evaluate: ClassVar[Callable[[float], float] | None] = math.exp

    examples: ClassVar = (Example("exp(a)"), Example("exp(a)", ("int[N, T]",)))


class Log(Elementwise):
    """The natural logarithm.

    Shapes: any -> the same. Source: torch.log.
    """

    function: ClassVar[str | None] = "log"
    evaluate: ClassVar[Callable[[float], float] | None] = math.log

    examples: ClassVar = (Example("log(a)", ("float[N, T]",)),)


class Log2(Elementwise):
    """The logarithm to base 2.

    Shapes: any -> the same. Source: torch.log2.
    """

    function: ClassVar[str | None] = "log2"
    evaluate: ClassVar[Callable[[float], float] | None] = math.log2

    examples: ClassVar = (Example("log2(a)", ("float[N, T]",)),)


class Log10(Elementwise):
    """The logarithm to base 10.

    Shapes: any -> the same. Source: torch.log10.
    """

    function: ClassVar[str | None] = "log10"
    evaluate: ClassVar[Callable[[float], float] | None] = math.log10

    examples: ClassVar = (Example("log10(a)", ("float[N, T]",)),)


class Log1p(Elementwise):
    """log(1 + x), exact where x is small.

    Shapes: any -> the same. Source: torch.log1p.
    """

    function: ClassVar[str | None] = "log1p"
    evaluate: ClassVar[Callable[[float], float] | None] = math.log1p

    examples: ClassVar = (Example("log1p(a)", ("float[N, T]",)),)


class Sqrt(Elementwise):
    """The square root.

    Shapes: any -> the same. Source: torch.sqrt.
    """

    function: ClassVar[str | None] = "sqrt"
    evaluate: ClassVar[Callable[[float], float] | None] = math.sqrt

    examples: ClassVar = (Example("sqrt(a)", ("float[N, T]",)), Example("sqrt(a)", ("int[N, T]",)))


class Rsqrt(Elementwise):
    """One over the square root.

    Shapes: any -> the same. Source: torch.rsqrt.
    """

    function: ClassVar[str | None] = "rsqrt"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(lambda x: 1 / math.sqrt(x))

    examples: ClassVar = (Example("rsqrt(a)", ("float[N, T]",)),)


class Square(Elementwise):
    """Each element times itself.

    Shapes: any -> the same. Source: torch.square.
    """

    function: ClassVar[str | None] = "square"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(lambda x: x * x)
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("square(a)"), Example("square(a)", ("int[N, T]",)))


class Reciprocal(Elementwise):
    """One over each element.

    Shapes: any -> the same. Source: torch.reciprocal.
    """

    function: ClassVar[str | None] = "reciprocal"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(lambda x: 1 / x)

    examples: ClassVar = (Example("reciprocal(a)", ("float[N, T]",)),)


class Abs(Elementwise):
    """The absolute value.

    Shapes: any -> the same. Source: torch.abs.
    """

    function: ClassVar[str | None] = "abs"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(abs)
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("abs(a)"), Example("abs(a)", ("int[N, T]",)))


class Neg(Elementwise):
    """Each element with the other sign, `-x`.

    Shapes: any -> the same. Source: torch.neg.
    """

    operator: ClassVar[str | None] = "neg"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(lambda x: -x)
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("-a"), Example("-a", ("int[N, T]",)))


class Sign(Elementwise):
    """-1, 0 or 1, by the sign.

    Shapes: any -> the same. Source: torch.sign.
    """

    function: ClassVar[str | None] = "sign"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(lambda x: (x > 0) - (x < 0))
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("sign(a)"), Example("sign(a)", ("int[N, T]",)))


class Floor(Elementwise):
    """The greatest whole number that is not above.

    Shapes: any -> the same. Source: torch.floor.
    """

    function: ClassVar[str | None] = "floor"
    evaluate: ClassVar[Callable[[float], float] | None] = math.floor
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("floor(a)"), Example("floor(a)", ("int[N, T]",)))


class Ceil(Elementwise):
    """The least whole number that is not below.

    Shapes: any -> the same. Source: torch.ceil.
    """

    function: ClassVar[str | None] = "ceil"
    evaluate: ClassVar[Callable[[float], float] | None] = math.ceil
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("ceil(a)"),)


class Round(Elementwise):
    """The nearest whole number, halves to the even one.

    Shapes: any -> the same. Source: torch.round.
    """

    function: ClassVar[str | None] = "round"
    evaluate: ClassVar[Callable[[float], float] | None] = staticmethod(round)
    keeps_integers: ClassVar[bool] = True

    examples: ClassVar = (Example("round(a)"), Example("round(a)", ("int[N, T]",)))


class Erf(Elementwise):
    """The error function.

    Shapes: any -> the same. Source: torch.erf.
    """

    function: ClassVar[str | None] = "erf"
    evaluate: ClassVar[Callable[[float], float] | None] = math.erf

    examples: ClassVar = (Example("erf(a)", ("float[N, T]",)),)


class Clamp(Layer):
    """Each element, or the nearest number within `min` and `max`.

    Shapes: any -> the same. Source: torch.clamp.
    """

    by_position: ClassVar[tuple[str, ...]] = ("min", "max")
    pointwise: ClassVar[bool] = True
    function: ClassVar[str | None] = "clamp"

    min: Number | None = None
    max: Number | None = None

    examples: ClassVar = (
        Example("clamp(a, -0.5, 0.5)"),
        Example("clamp(a, max = 1)", ("int[N, T]",)),
        Example("Clamp(min = 0.5)", ("int[N, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float", "int")
        limits = [limit for limit in (self.min, self.max) if limit is not None]
        if not limits:
            raise ArgumentError("min", "neither a least nor a greatest value is given", help="write clamp(x, min = 0)")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ArgumentError("max", f"{self.max} is less than min = {self.min}", help="exchange the two")
        return TensorType(promote(input.dtype, *map(scalar_dtype, limits)), input.shape)


class Cast(Layer):
    """The elements as another type; floats become whole numbers by dropping their fraction, bool is `!= 0`.

    Shapes: any -> the same. Source: torch.Tensor.to.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dtype",)
    pointwise: ClassVar[bool] = True
    function: ClassVar[str | None] = "cast"

    dtype: DType

    examples: ClassVar = (
        Example('cast(a, "int")'),
        Example('Cast("float")', ("bool[N, T]",)),
        Example('Cast("bool")', ("int[N, T]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        return TensorType(self.dtype, input.shape)
