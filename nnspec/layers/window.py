"""Sliding windows: how many places a window has along a dimension, and what is padded for it.

Convolutions, pools and unfoldings share this arithmetic. Everything is said for each dimension, with the padding at
the beginning and at the end apart: several networks (and Keras' "same") pad the two sides by different amounts.
"""

from fractions import Fraction
from typing import Annotated, Literal, TypeVar

from nnspec.dims import Expression, Size, bounds, operand
from nnspec.layers.numbers import NonNegativeInt, PositiveInt, Told
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype
from nnspec.record import Record

# One number for all spatial dimensions, or one for each.
Counts = Annotated[PositiveInt | tuple[PositiveInt, ...], Told("an integer of 1 or more, or a list of them")]
Amounts = Annotated[NonNegativeInt | tuple[NonNegativeInt, ...], Told("an integer of 0 or more, or a list of them")]
Extents = Annotated[
    PositiveInt | Expression | tuple[PositiveInt | Expression, ...],
    Told("an integer of 1 or more, a symbol, or a list of them"),
]
# The same for padding, or a pair [begin, end] for each dimension.
Margins = NonNegativeInt | tuple[NonNegativeInt, ...] | tuple[tuple[NonNegativeInt, NonNegativeInt], ...]
MARGINS = "an integer of 0 or more, a list of them, a list of pairs [begin, end]"
Pairs = tuple[tuple[int, int], ...]

MOST_PADDED = 8192  # elements of a dimension that "same_upper" adds: they take memory when the network runs

LAYOUTS = {1: "[N, C, L]", 2: "[N, C, H, W]", 3: "[N, C, D, H, W]"}

T = TypeVar("T")


class Window(Record):
    """A window along one dimension; `begin` and `end` are the padding."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    begin: int = 0
    end: int = 0

    @property
    def extent(self) -> int:
        """The elements from its first to its last."""
        return self.dilation * (self.kernel - 1) + 1

    def places(self, size: Size) -> Size:
        """The number of places it has along a dimension of this size."""
        return (size + self.begin + self.end - self.extent) // self.stride + 1

    def written(self, size: Size) -> str:
        """The arithmetic of `places`, with its numbers."""
        padding = "".join(f" + {amount}" for amount in (self.begin, self.end) if amount)
        extent = f"({self.dilation} * ({self.kernel} - 1) + 1)" if self.dilation > 1 else str(self.extent)
        places = f"{operand(size)}{padding} - {extent}"
        return f"({places}) // {self.stride} + 1" if self.stride > 1 else f"{places} + 1"

    def overhang(self, ceil_mode: bool) -> int:
        """The further padding of the end in ceil mode, so that a last window may begin inside and end outside.

        torch rounds the number of places up, then drops a window that begins in the padding at the end; both are
        floors over the stride, so that the smaller numerator decides for all sizes.
        """
        return min(self.stride - 1, self.extent - self.end - 1) if ceil_mode else 0


class Sight(Record):
    """What a place of a result sees along a dimension of the input, in places of the input.

    `span` is from the first of them to the last; "all" where it sees all, None where that depends on a symbol. `step`
    is from what it sees to what the next place does.
    """

    span: Fraction | Literal["all"] | None = Fraction(0)
    step: Fraction = Fraction(1)

    @property
    def still(self) -> bool:
        """Whether each place sees one, and the next one the next."""
        return self.span == 0 and self.step == 1


def seen(windows: tuple[Window, ...]) -> tuple[Sight, ...]:
    """What windows of the input see."""
    return tuple(Sight(Fraction(window.extent - 1), Fraction(window.stride)) for window in windows)


def each(value: T | tuple[T, ...], dims: int, argument: str) -> tuple[T, ...]:
    """One value for each of `dims` dimensions.

    Raises:
        ArgumentError: a tuple of another length was given.
    """
    values = value if isinstance(value, tuple) else (value,) * dims
    _need_entries(len(values), dims, argument, f"give one number, or a list of {dims}")
    return values


def margins(padding: Margins, dims: int) -> Pairs:
    """The padding as (begin, end) for each dimension.

    Raises:
        ArgumentError: there are entries for another number of dimensions.
    """
    if isinstance(padding, int):
        return ((padding, padding),) * dims
    pairs = ", ".join(["[begin, end]"] * dims)
    _need_entries(len(padding), dims, "padding", f"give one number, a list of {dims}, or pairs: [{pairs}]")
    return tuple(entry if isinstance(entry, tuple) else (entry, entry) for entry in padding)


def _need_entries(entries: int, dims: int, argument: str, help: str) -> None:
    if entries != dims:
        have = "1 entry" if entries == 1 else f"{entries} entries"
        raise ArgumentError(argument, f"has {have} for {dims} spatial dimension{'s'[: dims - 1]}", help=help)


def same_margins(windows: tuple[Window, ...]) -> Pairs:
    """The padding of torch's "same": as many places as elements, the odd element at the end.

    Raises:
        ArgumentError: a stride is not 1.
    """
    if any(window.stride != 1 for window in windows):
        raise ArgumentError(
            "padding",
            'the padding "same" needs a stride of 1',
            help='"same_upper" pads as Keras does with a stride; or give numbers',
        )
    totals = [window.extent - 1 for window in windows]
    return tuple((total // 2, total - total // 2) for total in totals)


def same_upper_margins(windows: tuple[Window, ...], sizes: tuple[Size, ...]) -> Pairs:
    """The padding of Keras' and TensorFlow's 'same': ceil(size / stride) places, the odd element at the end.

    Raises:
        ArgumentError: the amount depends on a symbol, or is more than anybody means.
    """
    pairs = []
    for window, size in zip(windows, sizes, strict=True):
        rest = size % window.stride
        if window.extent == 1:
            total = 0
        elif isinstance(rest, int):
            total = max(window.extent - (rest or window.stride), 0)
        else:
            raise ArgumentError(
                "padding",
                f'"same_upper" with stride {window.stride} pads by an amount that depends on the symbol {size}',
                help="give the dimension a fixed size, or a multiple that shows the remainder, such as 32*h",
            )
        if total > MOST_PADDED:
            message = f'"same_upper" pads a dimension of {size} by {total:,}, and {MOST_PADDED:,} is the most'
            raise ArgumentError("padding", message, help="take a smaller window, or one dimension after the other")
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)


def spatial(input: TensorType, dims: int, kind: str) -> tuple[Size, ...]:
    """The sizes of the spatial dimensions of an input [N, C, ...] of floats.

    Raises:
        InputError: the input has another number of dimensions, or other elements.
    """
    need_dtype(input, "float")
    if input.rank == dims + 2:
        return input.shape[2:]
    help = f"write {kind[:-2]}{input.rank - 2}d instead"
    if input.rank == dims + 1 and isinstance(input.shape[0], int):
        batch = ", ".join(map(str, ("N", *input.shape)))
        help = f"begin its shape with the number of samples: float[{batch}]"
    if input.rank not in (3, 4, 5):
        help = "put it before the Flatten, or bring the places back with Unflatten" if input.rank == 2 else ""
    raise InputError(f"needs {dims + 2} dimensions {LAYOUTS[dims]}, and gets {input.rank}: {input}", help=help or None)


def places(windows: tuple[Window, ...], input: TensorType) -> tuple[Size, ...]:
    """The number of places in each spatial dimension of the input.

    Raises:
        InputError: a window does not fit into the padded input.
    """
    counts = []
    for index, (window, size) in enumerate(zip(windows, input.shape[2:], strict=True), start=2):
        count = window.places(size)
        padded = f", with padding {size + window.begin + window.end}" if window.begin + window.end else ""
        need_room(
            count,
            f"a window of {window.extent} does not fit into dimension {index} of {input}: its size is {size}{padded}",
            "take a smaller kernel or more padding, or shrink the value less before",
        )
        counts.append(count)
    return tuple(counts)


def need_room(size: Size, message: str, help: str) -> None:
    """Check that a size that comes out can be 1 or more.

    Raises:
        InputError: it never is.
    """
    most = bounds(size)[1]
    if most is not None and most < 1:
        raise InputError(message, help=help)


def need_border(mode: str, pairs: Pairs, input: TensorType) -> None:
    """Check that the last dimensions are large enough to be padded from their own elements.

    Raises:
        ArgumentError: a reflection needs more than the others, a circular padding more than all elements.
    """
    spare = {"reflect": 1, "circular": 0}.get(mode)
    if spare is None:
        return
    first = input.rank - len(pairs)
    for index, pair in enumerate(pairs, start=first):
        most = bounds(input.shape[index])[1]
        if most is not None and max(pair) > most - spare:
            raise ArgumentError(
                "padding",
                f"cannot pad dimension {index} of {input} by {max(pair)}: {mode} takes at most {most - spare} there",
                help="pad by less, or with zeros",
            )
