"""Results that are views of an input: the same elements in the same memory, read along other dimensions.

A view is told by strides: how far apart in memory neighbours along each dimension are. None stands for those of a
tensor of its own, whose elements lie in order.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.dims import Size, equal, product
from nnspec.layers.reshaping import Regrouping
from nnspec.record import Record

Strides = tuple[Size, ...] | None


class View(Record):
    """A result as a view: for each of its dimensions, that of the input along which it goes; None for a new one."""

    dims: tuple[int | None, ...]
    steps: Mapping[int, int] = {}  # of the dimensions that take every n-th place only

    def strides(self, shape: tuple[Size, ...], given: Strides) -> Strides:
        """The strides of the view, from the shape of the input and its strides."""
        if self.dims == tuple(range(len(shape))) and not self.steps:
            return given
        from_ = in_order(shape) if given is None else given
        return tuple(0 if dim is None else from_[dim] * self.steps.get(at, 1) for at, dim in enumerate(self.dims))


def in_order(shape: tuple[Size, ...]) -> tuple[Size, ...]:
    """The strides of elements that lie in order."""
    return tuple(product(shape[dim + 1 :]) for dim in range(len(shape)))


def regrouped_strides(plan: Regrouping, shape: tuple[Size, ...], given: Strides) -> tuple[bool, Strides]:
    """Whether a regrouping is a view, and the strides of its result."""
    split = reshaped_strides(shape, given, plan.split)
    sizes = tuple(plan.split[dim] for dim in plan.order)
    permuted = View(plan.order).strides(plan.split, split[1])
    joined = reshaped_strides(sizes, permuted, plan.joined)
    return split[0] and joined[0], joined[1]


def reshaped_strides(shape: tuple[Size, ...], given: Strides, wanted: tuple[Size, ...]) -> tuple[bool, Strides]:
    """Whether a reshape is a view, and the strides of its result: where it is none, it makes a tensor of its own."""
    if given is None or shape == wanted:
        return True, given
    found: list[Size] = []
    for size, stride in reversed(_stretches(shape, given)):
        start = len(wanted) - len(found)
        first = next((dim for dim in reversed(range(start)) if equal(product(wanted[dim:start]), size)), None)
        if first is None:
            return False, None
        found = [stride * product(wanted[dim + 1 : start]) for dim in range(first, start)] + found
    return True, (*(0 for _ in wanted[len(found) :]), *found)  # what is left has size 1


def _stretches(shape: tuple[Size, ...], strides: tuple[Size, ...]) -> list[tuple[Size, Size]]:
    """Neighbouring dimensions that lie in memory as one: their size together, and the stride of the innermost."""
    found: list[tuple[Size, Size]] = []
    for size, stride in zip(shape, strides, strict=True):
        if size == 1:
            continue
        if found and equal(found[-1][1], size * stride):
            found[-1] = (found[-1][0] * size, stride)
        else:
            found.append((size, stride))
    return found
