"""The effect of a slice or an index on a size; the rule behind `x[:, 1:-1]`, Slice and Select.

It is numpy's basic indexing, with one difference for sizes that are symbols: what depends on the symbol is refused
rather than guessed, except that a slice is taken not to be empty (`x[1:-1]` of T gives T - 2).
"""

from __future__ import annotations

from nnspec.dims import Size, Undecidable, bounds, ceil_divide, minimum
from nnspec.layers.tensor_type import ArgumentError


def slice_size(size: Size, start: Size | None, stop: Size | None, step: int, argument: str) -> Size:
    """The length of `start:stop:step` of a dimension of this size.

    Raises:
        ArgumentError: the slice is empty or goes backwards, or its length depends on a symbol.
    """
    text = f"{'' if start is None else start}:{'' if stop is None else stop}{'' if step == 1 else f':{step}'}"
    if step < 1:
        raise ArgumentError(
            argument, f"the slice {text} has the step {step}", help="steps are 1 or more; Flip turns round"
        )
    first = 0 if start is None else _first(size, start, argument, text)
    last = size if stop is None else _last(size, stop, argument, text)
    length = ceil_divide(last - first, step)
    most = bounds(length)[1]
    if most is not None and most < 1:
        raise ArgumentError(
            argument,
            f"the slice {text} of a dimension of size {size} is empty",
            help=f"choose bounds between 0 and {size} with start < stop",
        )
    return length


def check_index(size: Size, index: Size, argument: str) -> None:
    """Check that an index, counted from the end where it is negative, lies within a dimension of this size.

    Raises:
        ArgumentError: it never does.
    """
    room = size + index if _is_negative(index) else size - 1 - index
    most = bounds(room)[1]
    if most is not None and most < 0:
        raise ArgumentError(
            argument,
            f"there is no element {index} in a dimension of size {size}",
            help=f"indices go from 0 to {size - 1}, or from -1 back to {-size}",
        )


def _is_negative(position: Size) -> bool | None:
    low, high = bounds(position)
    if low >= 0:
        return False
    return True if high is not None and high < 0 else None


def _first(size: Size, start: Size, argument: str, text: str) -> Size:
    if _is_negative(start) is False:
        return start
    if isinstance(size, int) and isinstance(start, int):
        return max(size + start, 0)
    if _is_negative(start) and _is_negative(size + start) is False:
        return size + start
    raise _undecided(size, text, argument)


def _last(size: Size, stop: Size, argument: str, text: str) -> Size:
    negative = _is_negative(stop)
    if negative:
        return size + stop
    try:
        if negative is False:
            return minimum(size, stop)
    except Undecidable:
        pass
    raise _undecided(size, text, argument)


def _undecided(size: Size, text: str, argument: str) -> ArgumentError:
    return ArgumentError(
        argument,
        f"the length of the slice {text} of a dimension of size {size} depends on the symbol",
        help=f"give this dimension a number in the input's shape instead of {size}, or slice by sizes that fit it",
    )
