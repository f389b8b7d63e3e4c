"""Receptive fields as values: along each axis of the input a reach, and what becomes of it.

The arithmetic of `field.py`, which follows fields through a program.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from nnspec.layers.window import Sight
from nnspec.record import Record

Extent = Fraction | Literal["all"] | None  # None where it is unknown


NOWHERE = frozenset({-1})  # the dimensions of what is unknown: it stays so whatever is mixed


class Reach(Record):
    """The field along one axis of the input: `size`, and `span` jumps more, of which whole ones count.

    The jump is that where there were last as many places or fewer. Places that were made of one see the same, so that
    a window over some of them reaches less far than so many of their steps.
    """

    dims: frozenset[int]  # the dimensions of the value along which the axis lies; none: the value is at one place of it
    size: Extent = Fraction(1)
    jump: Fraction = Fraction(1)
    span: Fraction = Fraction(0)
    step: Fraction = Fraction(1)  # in jumps, from one place to the next

    @property
    def extent(self) -> int | Literal["all"] | None:
        """How many places of the input it is."""
        return int(self.size + int(self.span) * self.jump) if isinstance(self.size, Fraction) else self.size

    def wider(self, sight: Sight) -> Reach:
        """The field of what sees places of this one."""
        if self.size == "all" or sight.span == "all":
            return self.of("all")
        if self.size is None or sight.span is None:
            return self.of(None)
        span, step = self.span + sight.span * self.step, self.step * sight.step
        if span.denominator == step.denominator == 1:
            return Reach(self.dims, self.size + span * self.jump, self.jump * step)
        return self.replace(span=span, step=step)

    def of(self, size: Extent) -> Reach:
        """Another size in the same place."""
        return self.replace(size=size, dims=NOWHERE if size is None else self.dims)

    def at(self, dims: frozenset[int]) -> Reach:
        """The same size in another place; what is unknown has none."""
        return self.replace(dims=NOWHERE if self.size is None else dims)


Field = tuple[Reach, ...]  # for each axis
Seen = Field | None  # None for what does not depend on the input
Origin = tuple[tuple[Fraction, Fraction], ...]  # for each axis, a size and a jump
Growth = tuple[Fraction, Fraction]  # of a size and of a span


def largest(fields: list[Field]) -> Field:
    """The largest of fields, along each axis."""
    return tuple(map(_larger, zip(*fields, strict=True)))


def _larger(reaches: tuple[Reach, ...]) -> Reach:
    dims = frozenset[int]().union(*(each.dims for each in reaches))
    whole = next((each for each in reaches if each.size == "all"), None)
    unknown = next((each for each in reaches if each.size is None), None)
    found = whole or unknown or max(reaches, key=_width)
    return found.at(dims)


def _width(reach: Reach) -> tuple[Fraction, Fraction]:
    assert isinstance(reach.size, Fraction), "compared with what is unknown"
    return reach.size + int(reach.span) * reach.jump, reach.span * reach.jump


def unknown(field: Field) -> Field:
    """A field that nothing more is known of; all of the input stays all of it."""
    return tuple(each.of("all" if each.size == "all" else None) for each in field)


def origin_of(given: tuple[Seen, ...]) -> Origin:
    """What the fields of a module's inputs are told from: the first of them."""
    first = next((each for each in given if each is not None), ())
    return tuple((each.size if isinstance(each.size, Fraction) else Fraction(0), each.jump) for each in first)


def moved(field: Seen, origin: Origin, back: bool = False) -> Seen:
    """A field told from an origin, in absolute terms; or `back`."""
    if field is None:
        return None
    made = []
    for each, (size, jump) in zip(field, origin, strict=True):
        if not isinstance(each.size, Fraction):
            made.append(each.replace(jump=Fraction(1)))
        elif back:
            made.append(each.replace(size=(each.size - size) / jump, jump=each.jump / jump))
        else:
            made.append(each.replace(size=each.size * jump + size, jump=each.jump * jump))
    return tuple(made)


def growth_of(before: tuple[Seen, ...], after: tuple[Seen, ...]) -> tuple[Growth, ...] | None:
    """By how much fields have grown; None where they have changed otherwise, too."""
    found: list[Growth] = []
    for one, other in zip(before, after, strict=True):
        if one is None or other is None:
            if one is not other:
                return None
            continue
        for first, second in zip(one, other, strict=True):
            if (first.dims, first.jump, first.step) != (second.dims, second.jump, second.step):
                return None
            if isinstance(first.size, Fraction) and isinstance(second.size, Fraction):
                found.append((second.size - first.size, second.span - first.span))
            elif first.size == second.size:
                found.append((Fraction(0), Fraction(0)))
            else:
                return None
    return tuple(found)


def grown(field: Seen, growth: tuple[Growth, ...], times: int) -> Seen:
    """A field that has grown as much so many times more."""
    return field and tuple(
        each.replace(size=each.size + size * times, span=each.span + span * times)
        if isinstance(each.size, Fraction)
        else each
        for each, (size, span) in zip(field, growth, strict=True)
    )
