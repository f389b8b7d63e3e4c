"""Comparisons of tensors, with each other or with a number, and the logic of the truth values that they give."""

from typing import ClassVar

from nnspec.layers.arithmetic import Combining, broadcast
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype


class _Comparison(Combining):
    """Two operands, true or false for each element."""

    inputs: ClassVar[tuple[str, ...]] = ("left", "right")

    def infer(self, left: TensorType, right: TensorType | None = None) -> TensorType:
        return TensorType("bool", self.numeric(left, right).shape)


class _Sameness(_Comparison):
    """A comparison that truth values have too."""

    def infer(self, left: TensorType, right: TensorType | None = None) -> TensorType:
        shape, dtypes = self.operands(left, right)
        if dtypes.count("bool") == 1:
            raise InputError(f"compares {dtypes[0]} with {dtypes[1]} elements", help='cast one of them: cast(x, "int")')
        return TensorType("bool", shape)


class Equal(_Sameness):
    """Where two tensors, or a tensor and a number, agree.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.eq.
    """

    operator: ClassVar[str | None] = "=="

    examples: ClassVar = (
        Example("a == 1", ("int[N, T]",)),
        Example("a == b", ("int[N, T, 1]", "int[N, 1, T]")),
        Example("a == b", ("bool[N, T]", "bool[T]")),
    )


class NotEqual(_Sameness):
    """Where two tensors, or a tensor and a number, differ.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.ne.
    """

    operator: ClassVar[str | None] = "!="

    examples: ClassVar = (Example("a != 1", ("int[N, T]",)), Example("a != b", ("float[N, T]", "int[T]")))


class Less(_Comparison):
    """Where the first is less than the second.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.lt.
    """

    operator: ClassVar[str | None] = "<"

    examples: ClassVar = (Example("a < b", ("float[N, T]", "float[T]")), Example("a < 0.5", ("int[N, T]",)))


class LessEqual(_Comparison):
    """Where the first is at most the second.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.le.
    """

    operator: ClassVar[str | None] = "<="

    examples: ClassVar = (Example("a <= b", ("int[T, 1]", "int[T]")), Example("0 <= a"))


class Greater(_Comparison):
    """Where the first is greater than the second.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.gt.
    """

    operator: ClassVar[str | None] = ">"

    examples: ClassVar = (Example("a > b", ("float[N, T]", "float[T]")), Example("a > 0", ("int[N, T]",)))


class GreaterEqual(_Comparison):
    """Where the first is at least the second.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.ge.
    """

    operator: ClassVar[str | None] = ">="

    examples: ClassVar = (Example("a >= b", ("int[T, 1]", "int[T]")), Example("1 >= a"))


class _Connective(Layer):
    """Two truth values for each element."""

    pointwise: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("left", "right")

    def infer(self, left: TensorType, right: TensorType) -> TensorType:
        need_dtype(left, "bool")
        need_dtype(right, "bool", index=1)
        return TensorType("bool", broadcast([left.shape, right.shape]))


class And(_Connective):
    """Where both are true.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.logical_and.
    """

    operator: ClassVar[str | None] = "and"

    examples: ClassVar = (Example("a and b", ("bool[N, T]", "bool[T]")),)


class Or(_Connective):
    """Where at least one is true.

    Shapes: both of one shape, or stretched by numpy's broadcasting rules. Source: torch.logical_or.
    """

    operator: ClassVar[str | None] = "or"

    examples: ClassVar = (Example("a or b", ("bool[N, T]", "bool[N, T]")),)


class Not(Layer):
    """Where the input is false.

    Shapes: any -> the same. Source: torch.logical_not.
    """

    pointwise: ClassVar[bool] = True
    operator: ClassVar[str | None] = "not"

    examples: ClassVar = (Example("not a", ("bool[N, T]",)),)

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "bool")
        return input
