"""Rules of the operators on tensors: broadcasting of shapes, promotion of element types, numbers as operands."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from nnspec.dims import Expression, Size, equal
from nnspec.layers.base import Layer
from nnspec.layers.numbers import FiniteFloat, Within
from nnspec.layers.tensor_type import DType, InputError, TensorType, need_dtype

Integer = Annotated[int, Within(ge=-(2**63), lt=2**63)]
Number = Integer | FiniteFloat
# A number operand may be a size that is only known when the model runs: `x / T`.
Scalar = Integer | Expression | FiniteFloat


def scalar_dtype(value: int | float | Expression) -> DType:
    """The element type that a number brings to an operation."""
    return "float" if isinstance(value, float) else "int"


def promote(*dtypes: DType) -> DType:
    """The element type of a result, as in torch: float where any operand is."""
    if "float" in dtypes:
        return "float"
    return "int" if "int" in dtypes else "bool"


def broadcast(shapes: Sequence[tuple[Size, ...]]) -> tuple[Size, ...]:
    """The common shape of tensors that are combined element by element, by numpy's rules: 1 stretches to any size.

    Raises:
        InputError: two sizes differ, or cannot be shown to be equal; the index is that of the input that does not fit.
    """
    result: tuple[Size, ...] = ()
    for index, shape in enumerate(shapes):
        rank = max(len(result), len(shape))
        left = (1,) * (rank - len(result)) + result
        right = (1,) * (rank - len(shape)) + shape
        result = tuple(
            _common(a, b, (shapes, index, place)) for place, (a, b) in enumerate(zip(left, right, strict=True))
        )
    return result


def _common(left: Size, right: Size, where: tuple[Sequence[tuple[Size, ...]], int, int]) -> Size:
    if left == 1:
        return right
    if right == 1:
        return left
    if equal(left, right):
        return left
    shapes, index, place = where
    shown = " and ".join(str(TensorType("float", shape)) for shape in shapes[: index + 1])
    raise misfit(shown, place, left, right, index, "make the two sizes equal, or one of them 1")


def misfit(shown: str, place: int, left: Size, right: Size, index: int, remedy: str) -> InputError:
    """The mistake where two sizes are not known to be equal; `remedy` says what to do where they differ."""
    if equal(left, right) is False:
        return InputError(
            f"gets {shown}, which do not fit: dimension {place} differs, {left} and {right}", remedy, index
        )
    return InputError(
        f"gets {shown}, which cannot be shown to fit: dimension {place} is {left} in one and {right} in the other",
        help="use one name for both sizes where they are declared, or give both as numbers",
        index=index,
    )


class Elementwise(Layer):
    """A function of each element. Of whole numbers it is a float, unless it `keeps_integers`."""

    pointwise: ClassVar[bool] = True
    keeps_integers: ClassVar[bool] = False

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float", "int")
        return input if self.keeps_integers else TensorType("float", input.shape)


class Combining(Layer):
    """An operation on tensors element by element, or on one tensor and the number `scalar`.

    `scalar_first` says that the number is on the left: `2 - x`.
    """

    by_position: ClassVar[tuple[str, ...]] = ("scalar",)
    number: ClassVar[str | None] = "scalar"
    pointwise: ClassVar[bool] = True
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"scalar_first"})

    scalar: Scalar | None = None
    scalar_first: bool = False

    def operands(self, *inputs: TensorType | None) -> tuple[tuple[Size, ...], tuple[DType, ...]]:
        """The common shape of the operands, and the element type of each, that of the number last.

        Raises:
            InputError: the shapes do not fit, or there are too few or too many inputs.
        """
        given = tuple(input for input in inputs if input is not None)
        if self.scalar is not None and len(given) != 1:
            raise InputError(f"takes one input and the number {self.scalar}, and gets {len(given)} inputs")
        if self.scalar is None and len(given) < 2 and not self.variadic:
            raise InputError(f"takes two inputs, and gets {len(given)}", help="give (a, b), or a number: scalar = 2")
        dtypes = tuple(input.dtype for input in given)
        shape = broadcast([input.shape for input in given])
        return shape, dtypes if self.scalar is None else (*dtypes, scalar_dtype(self.scalar))

    def numeric(self, *inputs: TensorType | None) -> TensorType:
        """The type of a result of arithmetic, float where any operand is.

        Raises:
            InputError: the shapes do not fit, or an operand is not a number.
        """
        for index, input in enumerate(inputs):
            if input is not None:
                need_dtype(input, "float", "int", index=index)
        shape, dtypes = self.operands(*inputs)
        return TensorType(promote(*dtypes), shape)
