"""Values that come from nothing: parameters of a block's own, constants, ranges, filled and random tensors.

Shapes may be symbolic, except that of a parameter.
"""

from typing import Annotated, Any, ClassVar

from nnspec.dims import Expression, Size, ceil_divide, equal
from nnspec.layers.arithmetic import Number, Scalar, scalar_dtype
from nnspec.layers.base import Continued, Example, Initial, Layer, Weight
from nnspec.layers.computed import Applied, Computed
from nnspec.layers.continued import along
from nnspec.layers.initial import Choice, initial
from nnspec.layers.numbers import After, Before, PositiveInt
from nnspec.layers.reshaping import need_positive
from nnspec.layers.tensor_type import ArgumentError, DType, TensorType, need_dtype


def _listed(value: Any, dtype: DType | None = None) -> Any:
    """A number, or lists of numbers, as a tensor that is computed."""
    if not isinstance(value, (int, float, tuple, list)):
        return value
    elements = tuple(value) if isinstance(value, list) else value
    return Computed((Applied(Constant(value=elements, dtype=dtype)),), 0)


def _start(value: Any) -> Any:
    listed = isinstance(value, (tuple, list)) and not any(isinstance(item, str) for item in value)
    return _listed(value, "float") if listed else value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def _need_regular(value: Any) -> None:
    """Check that nested tuples make a tensor of numbers or truth values.

    Raises:
        ValueError: they do not.
    """
    if len(set(nested_shapes(value))) > 1:
        raise ValueError("must have lists of one length at each depth")
    if isinstance(value, tuple) and not all(isinstance(leaf, (bool, int, float)) for leaf in leaves(value)):
        raise ValueError("must hold numbers or truth values, nothing else")
    if 0 in nested_shapes(value)[0]:
        raise ValueError("must not hold an empty list")


class Parameter(Layer):
    """A tensor that a block or model owns and training changes, unless it is not `trainable`.

    `init` is a number, a name ("xavier_uniform", ...), a distribution: ["normal", 0.0, 0.02], a list of the numbers
    themselves, or a tensor that follows from constants. Shapes: -> `shape`; that of `init` where it is left out.
    Source: torch.nn.Parameter.
    """

    by_position: ClassVar[tuple[str, ...]] = ("shape",)
    inputs: ClassVar[tuple[str, ...]] = ()
    computed: ClassVar[frozenset[str]] = frozenset({"init"})

    shape: tuple[PositiveInt, ...] | None = None
    init: Annotated[Choice | Computed, Before(_start)] = 0.0
    trainable: bool = True

    examples: ClassVar = (
        Example("Parameter([1, 1, 8])", ()),
        Example("Parameter([], init = 2.6592)", ()),
        Example('Parameter([3, 4], init = ["normal", 0.0, 0.02])', ()),
        Example('Parameter([3, 4], init = ["truncated_normal", 0.0, 0.02])', ()),
        Example('Parameter([3, 4], init = "xavier_uniform")', ()),
        Example("Parameter([5], init = 1.0, trainable = false)", ()),
        Example("Parameter(init = [0.5, -1, 2])", ()),
        Example("Parameter([2, 3], init = exp(ones([2, 3])))", ()),
    )

    def infer(self) -> TensorType:
        if not isinstance(self.init, Computed):
            if self.shape is None:
                help = "give it: Parameter([8]), or the numbers: Parameter(init = [0.5, 1.0])"
                raise ArgumentError("shape", "is not known", help=help)
            return TensorType("float", self.shape)
        made = self.init.type
        if made.dtype != "float":
            message = f"a parameter is a float, and this is {made.dtype}"
            raise ArgumentError("init", message, help='cast it: cast(x, "float")')
        if self.shape is not None and self.shape != made.shape:
            message = f"starts as {made}, and its shape is {TensorType('float', self.shape)}"
            raise ArgumentError("init", message, help="leave the shape out: it is that of init")
        return TensorType("float", made.shape)

    def weights(self) -> tuple[Weight, ...]:
        if isinstance(self.init, Computed):
            start = Initial("computed", value=self.init)
            return (Weight("", self.init.shape, start, self.trainable),)
        shape = self.shape or ()
        return (Weight("", shape, initial(self.init, shape, "init"), self.trainable),)


class Buffer(Layer):
    """A tensor that is computed once, where the module is built, and that training leaves as it is.

    Its `value` follows from constants: numbers, lists of them, `Range`, `zeros`, `full`, and layers and blocks without
    weights that are applied to such. It is in the `state_dict` unless it is not `persistent`.

    Shapes: -> that of `value`. Source: torch.nn.Buffer.
    """

    by_position: ClassVar[tuple[str, ...]] = ("value",)
    inputs: ClassVar[tuple[str, ...]] = ()
    computed: ClassVar[frozenset[str]] = frozenset({"value"})

    value: Annotated[Computed, Before(_listed)]
    persistent: bool = True

    examples: ClassVar = (
        Example("Buffer([0.485, 0.456, 0.406])", ()),
        Example("Buffer(exp(Range(4) * -0.5), persistent = false)", ()),
        Example("Buffer(tril(ones([5, 5])) == 0)", ()),
        Example("Buffer(Range(6))", ()),
    )

    def infer(self) -> TensorType:
        if self.value.random and not self.persistent:
            message = "is drawn at random and not kept: no two runs would have the same"
            raise ArgumentError("persistent", message, help="leave persistent = false out")
        return self.value.type

    def weights(self) -> tuple[Weight, ...]:
        start = Initial("computed", value=self.value)
        dtype = self.value.type.dtype
        return (Weight("", self.value.shape, start, False, True, dtype, self.persistent),)


class Constant(Layer):
    """A number, or a tensor of numbers or truth values written as nested lists; it is no parameter.

    Shapes: -> the nesting of the lists. The element type follows from the elements unless `dtype` is given.
    Source: torch.tensor.
    """

    by_position: ClassVar[tuple[str, ...]] = ("value",)
    inputs: ClassVar[tuple[str, ...]] = ()

    value: Annotated[bool | Scalar | tuple[Any, ...], After(_need_regular), Before(_tuples)]
    dtype: DType | None = None

    examples: ClassVar = (
        Example("Constant(2.5)", ()),
        Example("Constant([[1, 2, 3], [4, 5, 6]])", ()),
        Example("Constant([true, false])", ()),
        Example('Constant([0, 1], dtype = "float")', ()),
        Example("a * Constant(2 * T)", ("float[N, T]",)),
    )

    def infer(self) -> TensorType:
        elements = set(map(type, leaves(self.value)))
        if bool in elements and len(elements) > 1:
            raise ArgumentError(
                "value", "mixes truth values and numbers", help="write numbers only: 1 for true, 0 for false"
            )
        own: DType = "bool" if bool in elements else "float" if float in elements else "int"
        if own == "float" and self.dtype == "int":
            raise ArgumentError("dtype", "floats are no whole numbers", help="round them, or leave dtype out")
        return TensorType(self.dtype or own, nested_shapes(self.value)[0])


def nested_shapes(value: Any) -> list[tuple[int, ...]]:
    """The shape of every path through nested tuples: all alike where the tuples make a tensor."""
    if not isinstance(value, tuple):
        return [()]
    if not value:
        return [(0,)]
    return [(len(value), *shape) for part in value for shape in nested_shapes(part)]


def leaves(value: Any) -> list[Any]:
    """The elements of nested tuples."""
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [value]


class Range(Layer):
    """The whole numbers from `start` up to `end`, which is not included.

    Shapes: -> int [ceil((end - start) / step)]. Source: torch.arange.
    """

    by_position: ClassVar[tuple[str, ...]] = ("end",)
    inputs: ClassVar[tuple[str, ...]] = ()

    end: int | Expression
    start: int | Expression = 0
    step: PositiveInt = 1

    examples: ClassVar = (
        Example("Range(5)", ()),
        Example("Range(10, start = 1, step = 4)", ()),
        Example("(a, Range(T)) -> Add", ("int[N, T]",)),
        Example("(a, Range(2*T + 1, start = 1, step = 2)) -> Add", ("int[N, T]",)),
    )

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        return ("start", "end", "step")

    def infer(self) -> TensorType:
        size = ceil_divide(self.end - self.start, self.step)
        need_positive(size, "end", f"there is no number from {self.start} up to {self.end}")
        return TensorType("int", (size,))

    def continued(self, time: Expression, past: Expression, *inputs: Any) -> Continued | None:
        if not along(time, self.start) and not along(time, self.end):
            return None
        if self.step == 1 and self.start == 0 and equal(self.end, past + time):
            return Continued(self)  # the places of all keys
        if self.step != 1 or along(time, self.start) or not equal(self.end - self.start, time):
            message = f"counts from {self.start} to {self.end}, which is not one number for each place along {time}"
            raise ArgumentError("end", message, help=f"count the places: Range({time})")
        return Continued(Range(end=self.end + past, start=self.start + past))


class _Filled(Layer):
    """A tensor of a given shape."""

    by_position: ClassVar[tuple[str, ...]] = ("shape",)
    sizes_of_result: ClassVar[frozenset[str]] = frozenset({"shape"})
    inputs: ClassVar[tuple[str, ...]] = ()

    shape: tuple[int | Expression, ...]


def need_sizes(shape: tuple[Size, ...]) -> tuple[Size, ...]:
    """`shape`, checked to have sizes of 1 or more.

    Raises:
        ArgumentError: one is less.
    """
    for size in shape:
        need_positive(size, "shape", f"a dimension cannot have size {size}")
    return shape


class Full(_Filled):
    """A tensor filled with one number.

    Shapes: -> `shape`. The element type is that of the number. Source: torch.full.
    """

    by_position: ClassVar[tuple[str, ...]] = ("shape", "value")
    function: ClassVar[str | None] = "full"

    value: bool | Number

    examples: ClassVar = (
        Example("full([2, 3], 0.5)", ()),
        Example("full([4], 7)", ()),
        Example("where(full([T], true), a, 0.0)", ("float[N, T]",)),
        Example("a + full([T, 4], 2)", ("float[N, T, 4]",)),
    )

    def infer(self) -> TensorType:
        dtype: DType = "bool" if isinstance(self.value, bool) else scalar_dtype(self.value)
        return TensorType(dtype, need_sizes(self.shape))


class Zeros(_Filled):
    """A tensor of zeros.

    Shapes: -> `shape`. Source: torch.zeros.
    """

    function: ClassVar[str | None] = "zeros"

    dtype: DType = "float"

    examples: ClassVar = (Example("zeros([2, 3])", ()), Example('zeros([], dtype = "int")', ()))

    def infer(self) -> TensorType:
        return TensorType(self.dtype, need_sizes(self.shape))


class Ones(_Filled):
    """A tensor of ones.

    Shapes: -> `shape`. Source: torch.ones.
    """

    function: ClassVar[str | None] = "ones"

    dtype: DType = "float"

    examples: ClassVar = (
        Example("ones([2, 3])", ()),
        Example('ones([3], dtype = "bool")', ()),
        Example("a * ones([N, 1])", ("float[N, 3]",)),
    )

    def infer(self) -> TensorType:
        return TensorType(self.dtype, need_sizes(self.shape))


class _Random(Layer):
    """Random numbers in the shape of the input, or in a given shape."""

    by_position: ClassVar[tuple[str, ...]] = ("shape",)
    sizes_of_result: ClassVar[frozenset[str]] = frozenset({"shape"})
    pointwise: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ()
    optional_inputs: ClassVar[tuple[str, ...]] = ("input",)
    random: ClassVar[bool] = True

    shape: tuple[int | Expression, ...] | None = None

    def infer(self, input: TensorType | None = None) -> TensorType:
        if input is not None:
            if self.shape is not None:
                raise ArgumentError("shape", "both a tensor and a shape are given", help="give one of them")
            need_dtype(input, "float")
            return input
        if self.shape is None:
            raise ArgumentError(
                "shape", f"no shape is given to {self.function}", help=f"write {self.function}([N, 100])"
            )
        return TensorType("float", need_sizes(self.shape))


class Normal(_Random):
    """Normally distributed random numbers, drawn anew at each use, in evaluation too.

    Shapes: any -> the same, or -> `shape`. Source: torch.randn.
    """

    function: ClassVar[str | None] = "normal"

    mean: Number = 0
    std: Number = 1

    examples: ClassVar = (
        Example("normal(a)", ("float[N, 4]",)),
        Example("normal([2, 100])", ()),
        Example("a + normal([N, 1], mean = 1, std = 0.5)", ("float[N, 4]",)),
        Example("normal(a, mean = 2, std = 0)", ("float[N, 4]",)),
    )

    def infer(self, input: TensorType | None = None) -> TensorType:
        if self.std < 0:
            raise ArgumentError("std", f"a standard deviation of {self.std} is negative", help="give 0 or more")
        return super().infer(input)


class Uniform(_Random):
    """Random numbers between `low` and `high`, all alike probable, drawn anew at each use, in evaluation too.

    Shapes: any -> the same, or -> `shape`. Source: torch.rand.
    """

    function: ClassVar[str | None] = "uniform"

    low: Number = 0
    high: Number = 1

    examples: ClassVar = (
        Example("uniform(a)", ("float[N, 4]",)),
        Example("uniform(a, low = -1, high = 1)", ("float[N, 4]",)),
        Example("uniform([2, 100], high = 3)", ()),
    )

    def infer(self, input: TensorType | None = None) -> TensorType:
        if self.low >= self.high:
            raise ArgumentError("high", f"{self.high} is not greater than low = {self.low}", help="exchange the two")
        return super().infer(input)
