"""The operators of arithmetic on two tensors, or on a tensor and a number: `-`, `/`, `//`, `%`, `**` and `@`.

`+` and `*` take any number of tensors and are in combine.py.
"""

from typing import ClassVar

from nnspec.dims import Size, equal, product
from nnspec.layers.arithmetic import Combining, broadcast
from nnspec.layers.base import Example, Layer, Pooled
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype


class _Binary(Combining):
    """Two operands."""

    inputs: ClassVar[tuple[str, ...]] = ("left", "right")

    def infer(self, left: TensorType, right: TensorType | None = None) -> TensorType:
        return self.numeric(left, right)


class Subtract(_Binary):
    """The first input less the second.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.sub.
    """

    operator: ClassVar[str | None] = "-"

    examples: ClassVar = (
        Example("a - b", ("float[N, 3, H, W]", "float[3, 1, 1]")),
        Example("2 - a", ("int[N, T]",)),
        Example("a - 0.5", ("float[]",)),
        Example("a - T // 2", ("int[N, T]",)),
    )


class Divide(_Binary):
    """The first input divided by the second; the result is a float.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.true_divide.
    """

    operator: ClassVar[str | None] = "/"

    examples: ClassVar = (
        Example("a / b", ("float[N, T]", "float[N, 1]")),
        Example("a / 2", ("int[N, T]",)),
        Example("a / T", ("float[N, T]",)),
        Example("(2 * T + 1) / a", ("float[N, T]",)),
        Example("1 / a"),
    )

    def infer(self, left: TensorType, right: TensorType | None = None) -> TensorType:
        return TensorType("float", self.numeric(left, right).shape)


class _Whole(_Binary):
    """Two operands that are whole numbers."""

    def infer(self, left: TensorType, right: TensorType | None = None) -> TensorType:
        result = self.numeric(left, right)
        if result.dtype != "int":
            raise InputError("takes whole numbers, and gets floats", help="divide with / and round with floor(...)")
        if self.scalar == 0 and not self.scalar_first:
            raise ArgumentError("scalar", "division by zero", help="give another divisor")
        return result


class FloorDivide(_Whole):
    """The first input divided by the second, rounded down; both are whole numbers.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.floor_divide.
    """

    operator: ClassVar[str | None] = "//"

    examples: ClassVar = (Example("a // 2", ("int[N, T]",)), Example("a // -3", ("int[N, T]",)))


class Modulo(_Whole):
    """The remainder of the first input by the second, with the sign of the second; both are whole numbers.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.remainder.
    """

    operator: ClassVar[str | None] = "%"

    examples: ClassVar = (Example("a % 3", ("int[N, T]",)), Example("a % -3", ("int[N, T]",)))


class Power(_Binary):
    """The first input to the power of the second.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.pow.
    """

    operator: ClassVar[str | None] = "**"

    examples: ClassVar = (
        Example("a ** 2"),
        Example("a ** 3", ("int[N, T]",)),
        Example("2 ** a", ("float[N, T]",)),
        Example("a ** b", ("float[N, T]", "int[T]")),
    )

    def infer(self, left: TensorType, right: TensorType | None = None) -> TensorType:
        result = self.numeric(left, right)
        if result.dtype == "int" and isinstance(self.scalar, int) and self.scalar < 0 and not self.scalar_first:
            message = f"whole numbers have no whole power {self.scalar}"
            raise ArgumentError("scalar", message, help=f"write {self.scalar}.0 for a float result")
        return result


class MatMul(Layer):
    """The matrix product of the last two dimensions; the dimensions before them are stretched as in broadcasting.

    Shapes: [..., M, K], [..., K, L] -> [..., M, L]; a vector [K] is a row on the left and a column on the right.
    Source: torch.matmul.
    """

    inputs: ClassVar[tuple[str, ...]] = ("left", "right")
    operator: ClassVar[str | None] = "@"

    examples: ClassVar = (
        Example("a @ b", ("float[N, 3]", "float[3, 4]")),
        Example("a @ b", ("float[N, 2, T, 4]", "float[N, 2, 4, S]")),
        Example("a @ b", ("float[N, 1, T, 4]", "float[5, 4, 3]")),
    )

    def infer(self, left: TensorType, right: TensorType) -> TensorType:
        for index, given in enumerate((left, right)):
            need_dtype(given, "float", index=index)
            if given.rank == 0:
                raise InputError("needs one dimension or more, and gets a single number", index=index)
        inner, other = left.shape[-1], right.shape[max(right.rank - 2, 0)]
        if not equal(inner, other):
            how = "differ" if equal(inner, other) is False else "cannot be shown to agree"
            raise InputError(
                f"multiplies {left} by {right}, whose inner sizes {how}: {inner} and {other}",
                help="make the two sizes equal, or transpose one side: Transpose(-2, -1)",
                index=1,
            )
        batch = broadcast([left.shape[:-2], right.shape[:-2]])
        return TensorType("float", (*batch, *left.shape[-2:-1], *(right.shape[-1:] if right.rank > 1 else ())))

    def mixed(self, left: TensorType, right: TensorType) -> tuple[tuple[int, ...], ...]:
        return (left.rank - 1,), (max(right.rank - 2, 0),)

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType) -> Pooled | None:
        return "sum" if places == tuple(dims[0] for dims in self.mixed(*inputs)) else None

    def macs(self, left: TensorType, right: TensorType) -> Size:
        return product(self.infer(left, right).shape) * left.shape[-1]
