"""Layers that combine several tensors: concatenation, stacking, sums, products, extremes, choices."""

from typing import ClassVar

from nnspec.dims import equal
from nnspec.layers.arithmetic import Combining, Scalar, broadcast, misfit, promote, scalar_dtype
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import DType, InputError, TensorType, axis, need_dtype
from nnspec.layers.window import Sight


class Concat(Layer):
    """The inputs one after the other along dimension `dim`.

    Shapes: [N, A, H, W], [N, B, H, W] -> [N, A + B, H, W]. All other sizes agree. Source: torch.cat.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    merge: ClassVar[str | None] = "concat"

    dim: int = 1

    examples: ClassVar = (
        Example("Concat", ("float[N, 3, H, W]", "float[N, 5, H, W]")),
        Example("Concat(dim = -1)", ("int[N, T]", "int[N, 2*T]", "int[N, 1]")),
        Example("Concat(0)", ("float[3, 4]",)),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        first = inputs[0]
        index = axis(self.dim, first.rank)
        total = first.shape[index]
        for number, other in enumerate(inputs[1:], start=1):
            need_alike(first, other, number, besides=index)
            total = total + other.shape[index]
        return first.with_shape(*first.shape[:index], total, *first.shape[index + 1 :])

    def mixed(self, *inputs: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((axis(self.dim, inputs[0].rank),),) * len(inputs)

    def sight(self, *inputs: TensorType) -> tuple[Sight, ...]:
        return (Sight(),) * inputs[0].rank


class Stack(Layer):
    """The inputs, all of one shape, side by side along a new dimension `dim`.

    Shapes: [N, C], [N, C] with dim = 1 -> [N, 2, C]. Source: torch.stack.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    pointwise: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True

    dim: int = 0

    examples: ClassVar = (
        Example("Stack", ("float[N, 3]", "float[N, 3]")),
        Example("Stack(dim = -1)", ("float[N, T]", "float[N, T]", "float[N, T]")),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        first = inputs[0]
        index = axis(self.dim, first.rank + 1)
        for number, other in enumerate(inputs[1:], start=1):
            need_alike(first, other, number)
        return first.with_shape(*first.shape[:index], len(inputs), *first.shape[index:])


class Add(Combining):
    """The sum of the inputs, or of one input and a number.

    Shapes: all of one shape, or stretched by numpy's broadcasting rules. Source: torch.add.
    """

    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    operator: ClassVar[str | None] = "+"
    merge: ClassVar[str | None] = "add"

    examples: ClassVar = (
        Example("a + b", ("float[N, 3, H, W]", "float[N, 3, H, W]")),
        Example("a + 1", ("int[N, T]",)),
        Example("0.5 + a", ("int[N, T]",)),
        Example("Add", ("float[N, T, 4]", "float[4]", "int[T, 1]")),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        return self.numeric(*inputs)


class Multiply(Combining):
    """The product of the inputs, element by element, or of one input and a number.

    Shapes: all of one shape, or stretched by numpy's broadcasting rules. Source: torch.mul.
    """

    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    operator: ClassVar[str | None] = "*"
    merge: ClassVar[str | None] = "multiply"

    examples: ClassVar = (
        Example("a * b", ("float[N, 3, H, W]", "float[N, 3, 1, 1]")),
        Example("0.5 * a"),
        Example("a * -2", ("int[N, T]",)),
        Example("Multiply(3)", ("float[N, 4]",)),
        Example("Multiply", ("float[N, 4]", "float[N, 4]", "int[4]")),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        return self.numeric(*inputs)


class Maximum(Combining):
    """The largest of the inputs, element by element, or of one input and a number.

    Shapes: all of one shape, or stretched by numpy's broadcasting rules. Source: torch.maximum.
    """

    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    function: ClassVar[str | None] = "maximum"

    examples: ClassVar = (
        Example("maximum(a, b)", ("float[N, 4]", "float[4]")),
        Example("maximum(a, 0.5)"),
        Example("Maximum", ("int[N, 4]", "int[4]", "int[N, 1]")),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        return self.numeric(*inputs)


class Minimum(Combining):
    """The smallest of the inputs, element by element, or of one input and a number.

    Shapes: all of one shape, or stretched by numpy's broadcasting rules. Source: torch.minimum.
    """

    inputs: ClassVar[tuple[str, ...]] = ("inputs",)
    variadic: ClassVar[bool] = True
    function: ClassVar[str | None] = "minimum"

    examples: ClassVar = (
        Example("minimum(a, b)", ("float[N, 4]", "int[4]")),
        Example("minimum(a, 2)", ("int[N, 4]",)),
    )

    def infer(self, *inputs: TensorType) -> TensorType:
        return self.numeric(*inputs)


class Where(Layer):
    """`input` where the condition holds, `other` elsewhere.

    One of the two may be a number, `value`; it is the first of them where it is `value_first`.
    Shapes: all of one shape, or stretched by numpy's broadcasting rules. Source: torch.where.
    """

    by_position: ClassVar[tuple[str, ...]] = ("value",)
    pointwise: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("condition", "input")
    optional_inputs: ClassVar[tuple[str, ...]] = ("other",)
    function: ClassVar[str | None] = "where"

    number: ClassVar[str | None] = "value"
    beyond_torch: ClassVar[frozenset[str]] = frozenset({"value", "value_first"})

    value: bool | Scalar | None = None
    value_first: bool = False

    examples: ClassVar = (
        Example("where(a > 0, -1.0, a)", ("float[N, 4]",)),
        Example("where(a > 0, 1, 0.5)", ("float[N, 4]",)),
        Example("where(a > 0, a, b)", ("float[N, 4]", "float[4]")),
        Example("where(a, b, 0.0)", ("bool[N, T]", "float[N, T]")),
        Example("where(a, b, -1)", ("bool[T, 1]", "int[N, 1, 3]")),
    )

    def infer(self, condition: TensorType, input: TensorType, other: TensorType | None = None) -> TensorType:
        need_dtype(condition, "bool")
        if (other is None) == (self.value is None):
            message = (
                "has nothing to take where the condition fails" if other is None else "has both a tensor and a number"
            )
            raise InputError(message, help="write where(condition, a, b) with a tensor or a number as b", index=1)
        if other is None:
            shapes = [condition.shape, input.shape]
            second: DType = "bool" if isinstance(self.value, bool) else scalar_dtype(self.value or 0)
        else:
            shapes, second = [condition.shape, input.shape, other.shape], other.dtype
        if (input.dtype == "bool") != (second == "bool"):
            raise InputError(f"chooses between {input.dtype} and {second} elements", help="cast one of them", index=1)
        return TensorType(promote(input.dtype, second), broadcast(shapes))


def need_alike(first: TensorType, other: TensorType, number: int, besides: int | None = None) -> None:
    """Check that an input has the element type and the sizes of the first one, `besides` one dimension.

    Raises:
        InputError: it has not; the index is `number`.
    """
    if other.dtype != first.dtype:
        message = f"gets {first.dtype} and {other.dtype} elements"
        raise InputError(message, help=f'cast one of them: cast(x, "{first.dtype}")', index=number)
    shown = f"{first} and {other}"
    if other.rank != first.rank:
        message = f"gets {shown}, of {first.rank} and {other.rank} dimensions"
        raise InputError(message, help="give inputs of as many dimensions: Unsqueeze, Flatten", index=number)
    for index, (left, right) in enumerate(zip(first.shape, other.shape, strict=True)):
        if index != besides and not equal(left, right):
            raise misfit(shown, index, left, right, number, "make the two sizes equal, by a convolution, crop or pad")
