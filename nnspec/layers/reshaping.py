"""Rules of the layers that rearrange a tensor: dimensions by number, sizes put in place of others, -1."""

from __future__ import annotations

from nnspec.dims import Size, Undecidable, bounds, equal, exact_divide, product
from nnspec.layers.tensor_type import ArgumentError, TensorType, axis
from nnspec.record import Record


class Regrouping(Record):
    """Reshape to `split`, permute by `order`, reshape to `joined`."""

    split: tuple[Size, ...]
    order: tuple[int, ...]
    joined: tuple[Size, ...]


def reshaped(shape: tuple[Size, ...]) -> Regrouping:
    """A reshape alone."""
    return Regrouping(shape, tuple(range(len(shape))), shape)


def need_positive(size: Size, argument: str, message: str, help: str = "numbers here are 1 or more") -> None:
    """Check that a size or a count can be 1 or more.

    Raises:
        ArgumentError: it never is; `message` says what is wrong then.
    """
    most = bounds(size)[1]
    if most is not None and most < 1:
        raise ArgumentError(argument, message, help)


def distinct_axes(dims: tuple[int, ...], rank: int, argument: str = "dims") -> tuple[int, ...]:
    """Dimensions as indices from the front.

    Raises:
        ArgumentError: there is no such dimension, or one is named twice.
    """
    axes = tuple(axis(dim, rank, argument) for dim in dims)
    for dim, place in zip(dims, axes, strict=True):
        if axes.count(place) > 1:
            raise ArgumentError(argument, f"dimension {dim} is named twice in {list(dims)}", help="name it once")
    return axes


def replaced(given: TensorType, index: int, *sizes: Size) -> TensorType:
    """The type with other sizes in the place of one dimension."""
    return given.with_shape(*given.shape[:index], *sizes, *given.shape[index + 1 :])


def fill_unknown(wanted: tuple[Size, ...], total: Size, argument: str) -> tuple[Size, ...]:
    """The sizes with the one -1 among them replaced, so that they have `total` elements.

    Raises:
        ArgumentError: the element counts differ, cannot be shown to agree, or more than one size is -1.
    """
    for size in wanted:
        if size != -1:
            need_positive(size, argument, f"a dimension cannot have size {size}")
    known = product(size for size in wanted if size != -1)
    shown = f"[{', '.join(map(str, wanted))}]"
    if wanted.count(-1) > 1:
        raise ArgumentError(argument, f"{shown} has more than one -1", help="give all sizes but one")
    if -1 in wanted:
        try:
            rest = exact_divide(total, known)
        except Undecidable:
            raise ArgumentError(
                argument,
                f"{total} elements are not known to make {shown}: they are no certain multiple of {known}",
                help=f"choose sizes whose product divides {total}",
            ) from None
        return tuple(rest if size == -1 else size for size in wanted)
    if not equal(known, total):
        raise ArgumentError(
            argument,
            f"{shown} has {known} elements, and the input {total}",
            help="write -1 for the size that follows from the others",
        )
    return wanted


def split_axes(before: tuple[Size, ...], after: tuple[Size, ...]) -> tuple[int, ...]:
    """The dimensions that a reshape takes apart; the others stay whole, by themselves or joined with their neighbours.

    Shapes fall into stretches of the same product: [N, T, 6] -> [N, T, 2, 3] into N, T, and 6 -> 2, 3.
    """
    found: list[int] = []
    first, start = 0, 0
    for last in range(1, len(before) + 1):
        total = product(before[:last])
        stops = range(start, len(after) + 1)
        stop = next((stop for stop in stops if equal(product(after[:stop]), total)), None)
        if stop is None:
            continue
        if sum(size != 1 for size in after[start:stop]) > 1:
            found += [dim for dim in range(first, last) if before[dim] != 1]
        first, start = last, stop
    return tuple(found)
