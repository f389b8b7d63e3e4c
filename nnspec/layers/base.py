"""The base of all layers: configuration, shape rule, weights and multiply-accumulates.

A layer class is a checked record whose fields are the arguments a spec may write, in `torch.nn`'s order and with
its defaults, less the sizes that follow from the incoming types. It knows no language, no torch and no onnx.
A rule that is not met raises `ArgumentError` (an argument by name) or `InputError` (an input by index); the
elaborator turns either into a diagnostic with a place in the text. (Why there is no `from __future__ import
annotations` here: see families/__init__.py.)
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from nnspec.checked import Checked
from nnspec.dims import Expression, Size
from nnspec.layers.reshaping import Regrouping
from nnspec.layers.tensor_type import ELEMENT_BYTES, ArgumentError, DType, LayerError, TensorType
from nnspec.layers.view import View
from nnspec.layers.window import Sight, Window
from nnspec.raised import guarded
from nnspec.record import Record

Better = Literal["higher", "lower"]
MEND = "mend the plug-in that defines it"
INT, LONG = 2**31 - 1, 2**63 - 1  # the greatest integers of 32 and 64 bits
LARGEST = (2 - 2**-23) * 2.0**127  # the largest float32
LEAST = 2.0**-150  # what is nearer to 0 is 0 as a float32
Scores = Literal["logits", "probabilities", "log-probabilities"]


class Initial(Record):
    """The starting values of a weight: a kind and its numbers.

    `constant(value)`, `uniform(low, high)`, `normal(mean, std)`, or `truncated_normal(mean, std)` cut at two
    standard deviations, or `values`, every number in row-major order. A weight that starts as torch's default has the
    distribution written out. What starts from another weight of the layer, `of`: `lengths(dim)` of its slices along
    `dim`; `left(dim)` and `right(dim)`, the singular vectors of its largest singular value, with `dim` as
    the rows. What is `computed` starts as the tensor `value`.
    """

    kind: Literal["constant", "uniform", "normal", "truncated_normal", "values", "lengths", "left", "right", "computed"]
    numbers: tuple[float, ...] = ()
    of: "Weight | None" = None
    value: Record | None = None


ZEROS = Initial("constant", (0.0,))
ONES = Initial("constant", (1.0,))


class Weight(Record):
    """One tensor that a layer owns, named as in the `state_dict` of the module that torch has for it.

    A weight with the empty name is stored under the label of the layer itself. A buffer that is not `persistent` is
    not in the `state_dict`: it is computed again wherever the module is built.
    """

    name: str
    shape: tuple[int, ...]
    initial: Initial = ZEROS
    trainable: bool = True
    buffer: bool = False
    dtype: DType = "float"
    persistent: bool = True

    @property
    def elements(self) -> int:
        """The number of elements."""
        total = 1
        for size in self.shape:
            total *= size
        return total

    @property
    def bytes(self) -> int:
        """The memory that it takes, in bytes."""
        return self.elements * ELEMENT_BYTES[self.dtype]


class Example(Record):
    """One use of a layer, for its documentation and for the contract test.

    `text` is written as in a spec; what begins with a capital is applied to all `inputs`, anything else is an
    expression over the inputs, which are called a, b, c, ... The types are written as a spec writes them
    (`float[N, 3, H, W]`). The contract test runs the example with `sizes` for the symbols (N = 2 and sizes
    between 8 and 16 where none is given).
    """

    text: str
    inputs: tuple[str, ...] = ("float[N, 3, H, W]",)
    sizes: dict[str, int] = {}  # noqa: RUF012 - records are frozen


class Inferred(Record):
    """A size that torch's layer takes as an argument, and that is a dimension of the first input."""

    argument: str
    dim: int
    counted: str = "features"
    place: int = 0  # among torch's arguments by position


class Layer(Checked):
    """A layer with its configuration; instances are immutable and comparable."""

    strict: ClassVar[bool] = True

    # The names of what it takes. Optional inputs may be absent and then are None in the rules;
    # a variadic layer takes any number (at least one) of its first input.
    inputs: ClassVar[tuple[str, ...]] = ("input",)
    optional_inputs: ClassVar[tuple[str, ...]] = ()
    variadic: ClassVar[bool] = False
    # The names of what it gives. Where they depend on the configuration, the layer overrides `result_names`.
    outputs: ClassVar[tuple[str, ...]] = ("output",)
    # Of several results, the first is the value of the step and the others are reached by name; or all go on together.
    first_is_value: ClassVar[bool] = False
    # The field for a number in the place of one of its inputs; `{number}_first` says that it is not the last one.
    number: ClassVar[str | None] = None
    # How the language may write it besides its own name: `exp(x)`, `a + b`, `concat { ... }`.
    function: ClassVar[str | None] = None
    operator: ClassVar[str | None] = None
    merge: ClassVar[str | None] = None
    # What the function computes for a number that is known when the spec is compiled: `sqrt(width)`. It may raise
    # ValueError, OverflowError or ZeroDivisionError where it has no value.
    evaluate: ClassVar[Callable[[float], float] | None] = None
    # Fields that a spec may give by position, in order: those that say what the layer is. The others go by name.
    by_position: ClassVar[tuple[str, ...]] = ()
    # Fields that torch's layer does not have, or not among its arguments in this place.
    beyond_torch: ClassVar[frozenset[str]] = frozenset()
    # Sizes that torch's layer is told and this one knows from its first input.
    inferred: ClassVar[tuple[Inferred, ...]] = ()
    # It is written behind another layer as its activation; the summary shows both in one row: `Conv2d + ReLU`.
    activation: ClassVar[bool] = False
    # Its results are random even in evaluation.
    random: ClassVar[bool] = False
    # It mixes nothing in evaluation, see `mixed`: each place of a result comes from that place of the inputs alone.
    pointwise: ClassVar[bool] = False
    # Inputs by index that are positions or times, however exact: never rounded to the number format of the model.
    exact: ClassVar[frozenset[int]] = frozenset()
    # No derivative passes it.
    stops_gradient: ClassVar[bool] = False
    # Its result is defined for a batch, whose samples it compares: of several batches there is a mean, and no whole.
    batchwise: ClassVar[bool] = False
    # What its results are, of a layer that makes scores of any numbers; what a loss takes for its first input.
    makes: ClassVar[Scores | None] = None
    expects: ClassVar[Scores | None] = None
    # It hands its elements on as they are, in another place or order.
    rearranges: ClassVar[bool] = False
    # Of what judges a model: whether more of it is better, or less.
    better: ClassVar[Better | None] = None
    # Its inputs begin with the dimension of samples, as those of torch's layers of images do, and it never mixes them.
    samples_apart: ClassVar[bool] = False
    # Fields whose symbols are sizes of the result, and no numbers to compute with.
    sizes_of_result: ClassVar[frozenset[str]] = frozenset()
    # Inputs by index that must pass another layer where they are made, before anything is computed from them.
    tracks: ClassVar[Mapping[int, "Layer"]] = {}
    # Fields that may be a tensor which follows from constants; see computed.py.
    computed: ClassVar[frozenset[str]] = frozenset()
    examples: ClassVar[tuple[Example, ...]] = ()

    @property
    def kind(self) -> str:
        """The name that a spec writes."""
        return type(self).__name__

    def infer(self, *inputs: Any) -> TensorType | tuple[TensorType, ...]:
        """The type of each result, from the type of each input (None for an absent optional input).

        Raises:
            ArgumentError: an argument does not fit these inputs.
            InputError: an input cannot be taken.
        """
        raise LayerError("it has no rule for shapes: its class defines no `infer`", MEND)

    def steady(self, training: bool) -> bool:
        """Whether it gives a sample the same each time and in any batch, in training or in evaluation.

        That is what may be computed once for each sample, as long as its weights stay.
        """
        return not self.random

    def weights(self, *inputs: Any) -> tuple[Weight, ...]:
        """Its parameters, then its buffers, in the order of torch's `state_dict`."""
        return ()

    def macs(self, *inputs: Any) -> Size:
        """Multiply-accumulates of one application: convolutions and matrix products, nothing else."""
        return 0

    def windows(self, *inputs: Any) -> tuple[Window, ...]:
        """The windows that slide along the last dimensions of its first input, one for each; none if it has none."""
        return ()

    def sight(self, *inputs: Any) -> tuple[Sight, ...]:
        """What a place of its result sees along each of the last dimensions of its first input, of all if variadic.

        Nothing where `mixed` tells it.
        """
        return ()

    def arithmetic(self, *inputs: Any) -> tuple[str, ...]:
        """The arithmetic of the last sizes of its first result, one text each, where windows make them."""
        return ()

    def indices_below(self) -> int | None:
        """The number that the elements of its integer inputs must be below; None where any will do."""
        return None

    def lengths(self, *inputs: Any) -> Mapping[int, Size]:
        """The inputs by index that are lengths of padded sequences, each of 1 to this size."""
        return {}

    def places(self, *inputs: Any) -> Size | None:
        """The number of places that its whole numbers are those of; None where they are no places, or of several."""
        return None

    def mixed(self, *inputs: Any) -> tuple[tuple[int, ...], ...]:
        """The dimensions of each input along which it mixes places, in evaluation: all, unless the layer says less.

        Along any other one, some places of the inputs give those places of the results, wherever they stand: what it
        does to a sequence it does to each part of it.
        """
        first = int(self.samples_apart)
        return tuple(() if given is None or self.pointwise else tuple(range(first, given.rank)) for given in inputs)

    def regrouped(self, *inputs: Any) -> Regrouping | None:
        """The reshapes and the permutation that it amounts to, where all it does is to give elements other places."""
        return None

    def views(self, *inputs: Any) -> tuple[View, ...]:
        """Its results as views of its first input, in evaluation; nothing where they are tensors of their own.

        Those that `regrouped` tells of are views, too, where the elements need not move for it.
        """
        return ()

    def continued(self, time: Expression, past: Expression, *inputs: Any) -> "Continued | None":
        """Its continuation behind `past` places of a sequence, when `time` more come and it looks at those before.

        Both are sizes of one symbol. None where it need not, or cannot: then `mixed` tells; see continued.py.

        Raises:
            LayerError: it needs all of the sequence at once; the message says what for.
        """
        return None

    @property
    def lasting(self) -> int | None:
        """The length up to which a sequence may grow without its places being done anew; None where they never are."""
        return None

    def remembered(self, same: frozenset[int], *inputs: Any) -> "Remembered | None":
        """It in two, where the inputs `same` stay the same while a text is written; None where that saves nothing."""
        return None

    def pooled(self, places: tuple[int | None, ...], *inputs: Any) -> "Pooled | None":
        """The way from its results for parts of a batch to that for the whole, where it mixes samples.

        `places` has for each input the dimension that counts the samples, if there is one. None where it needs all
        samples at once.
        """
        return None

    def result_names(self) -> tuple[str, ...]:
        """The names of its results, in order; what a numbered result is called is its index, "0", "1", ..."""
        return self.outputs

    def results(self, *inputs: Any) -> tuple[TensorType, ...]:
        """`infer`, always as a tuple.

        Raises:
            ArgumentError: a number is larger than those that elements can be, too.
            LayerError: the `infer` of a plug-in fails.
        """
        fields = self.model_fields
        for name, value in self.given().items():
            _need_held(name, value, name in fields and fields[name].real)
        inferred = guarded(self.infer, lambda line: LayerError(f"its `infer` fails: {line}", MEND))(*inputs)
        results = inferred if isinstance(inferred, tuple) else (inferred,)
        for each in results:
            if not isinstance(each, TensorType):
                raise LayerError(f"its `infer` gives what is of type {type(each).__name__}, and no TensorType", MEND)
        return results

    @classmethod
    def operand_count(cls) -> int:
        """The number of values it is applied to, as an operator or a function; two for one that takes any number."""
        return 2 if cls.variadic else len(cls.inputs) + len(cls.optional_inputs)

    @classmethod
    def in_order(cls) -> tuple[str, ...]:
        """All arguments, in the order of torch's; behind them those that torch does not have."""
        return tuple(sorted(cls.model_fields, key=lambda name: name in cls.beyond_torch))


def _need_held(argument: str, value: Any, real: bool) -> None:
    """Check that a number, or those in a list, are none that float32 has infinity or 0 for, or integers overflow at.

    Raises:
        ArgumentError: one is.
    """
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, tuple):
            _need_held(argument, each, real)
        elif isinstance(each, float) and LARGEST < abs(each) < math.inf:
            message = f"{each:g} is more than a float32 can be"
            raise ArgumentError(argument, message, help=f"give a number within {LARGEST:.2g} of 0")
        elif isinstance(each, float) and 0 < abs(each) < LEAST:
            raise ArgumentError(argument, f"{each:g} is 0 as a float32", help="give 0.0, or 1e-45 and more")
        elif isinstance(each, int) and not -(bound := LONG if real else INT) <= each <= bound:
            raise ArgumentError(argument, f"{each} is too large", help=f"give a number within {bound:,} of 0")


class Kept(Record):
    """A tensor that a layer keeps of the parts before: it is given as input number `input`.

    With `join`, what is kept is that input itself, of all parts so far: `join(past, input)` takes its place; with
    `trim`, only what that leaves of it is kept. Without, it is result number `result`, which the next part is given;
    the first part begins with zeros, or with what the layer was given itself where it is `started`. With `after`, it
    is no input: `after(past, result)` takes the place of the result, and what `trim` leaves of that is kept.
    """

    name: str
    input: int
    type: TensorType  # of what was kept before this part
    join: Layer | None = None
    trim: Layer | None = None
    result: int = 0
    started: bool = False
    after: Layer | None = None


class Continued(Record):
    """The layer that takes the place of another for a part of a sequence, and the tensors that it keeps."""

    layer: Layer
    kept: tuple[Kept, ...] = ()


class Remembered(Record):
    """A layer in two: `first` is applied once, to the inputs of these numbers; `rest` at every step.

    `rest` takes the first input of the layer, then the results of `first`, then the inputs `further`.
    """

    first: Layer
    of: tuple[int, ...]
    rest: Layer
    further: tuple[int, ...] = ()


class Sums(Record):
    """A result that is computed from sums over the samples."""

    layers: tuple[tuple[Layer, tuple[int, ...]], ...]  # what to add, and which of the inputs each is applied to
    result: Layer  # is applied to the sums, in order


# The results of the parts are added; or their mean is taken, weighed by samples; or there are other sums.
Pooled = Literal["sum", "mean"] | Sums
