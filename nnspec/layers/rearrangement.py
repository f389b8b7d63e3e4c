"""The patterns of `Rearrange`, such as "n (h p) (w q) c -> n (h w) (p q c)": reading them and what they do to sizes.

The notation is that of einops (Rogozhnikov, 2022): a name is an axis, names in parentheses are one dimension made of
several axes with the first one outermost, `1` or `()` is a dimension of size 1, `...` is any number of dimensions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from nnspec.dims import Size, Undecidable, equal, exact_divide, product
from nnspec.layers.reshaping import Regrouping
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType
from nnspec.record import Record

Group = tuple[str, ...]  # the axes of one dimension; none: a dimension of size 1
ELLIPSIS = "..."
_TOKEN = r"\s*(?:(\.\.\.)|([A-Za-z]\w*)|(\d+)|([()]))"


class Pattern(Record):
    """The dimensions before and after; an ellipsis is the group `("...",)` or a part of a group on the right."""

    left: tuple[Group, ...]
    right: tuple[Group, ...]


@cache
def parse(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        ArgumentError: it is not one; the argument is `pattern`.
    """
    sides = text.split("->")
    if len(sides) != 2:
        raise _mistake(f"{text!r} has {len(sides) - 1} arrows `->`", "a pattern has one: before -> after")
    left, right = _read_side(sides[0]), _read_side(sides[1])
    before = [axis for group in left for axis in group]
    after = [axis for group in right for axis in group]
    for side, axes in (("left", before), ("right", after)):
        twice = sorted({axis for axis in axes if axes.count(axis) > 1})
        if twice:
            raise _mistake(f"{twice[0]} occurs twice on the {side} of {text!r}", "every axis occurs once on each side")
    for axis in before:
        if axis not in after:
            raise _mistake(f"{axis} is only on the left of {text!r}", f"name {axis} on the right too")
    for axis in after:
        if axis not in before:
            raise _mistake(f"{axis} is only on the right of {text!r}", f"name {axis} on the left too")
    if any(ELLIPSIS in group and len(group) > 1 for group in left):
        raise _mistake("`...` is inside parentheses on the left", "write it outside of them, or name the axes")
    return Pattern(left, right)


def _read_side(text: str) -> tuple[Group, ...]:
    groups: list[Group] = []
    opened: list[str] | None = None
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = re.compile(_TOKEN).match(text, place)
        if match is None:
            raise _mistake(
                f"{text[place:].strip()[:1]!r} has no meaning in {text.strip()!r}", "use names, `...`, `1`, `( )`"
            )
        place = match.end()
        dots, name, digits, bracket = match.groups()
        if bracket == "(":
            if opened is not None:
                raise _mistake(f"a parenthesis inside a parenthesis in {text.strip()!r}", "one level is enough")
            opened = []
        elif bracket == ")":
            if opened is None:
                raise _mistake(f"`)` closes nothing in {text.strip()!r}", "add `(` before it")
            groups.append(tuple(opened))
            opened = None
        elif digits is not None:
            if digits != "1":
                raise _mistake(f"{digits} in {text.strip()!r}", f"name the axis and give its length: n = {digits}")
            if opened is None:
                groups.append(())
        elif opened is None:
            groups.append((dots or name,))
        else:
            opened.append(dots or name)
    if opened is not None:
        raise _mistake(f"`(` is not closed in {text.strip()!r}", "add `)`")
    return tuple(groups)


def _mistake(message: str, help: str) -> ArgumentError:
    return ArgumentError("pattern", message, help)


def plan(text: str, lengths: Mapping[str, Size], given: TensorType) -> Regrouping:
    """The rearrangement of a tensor of this type by the pattern.

    Raises:
        ArgumentError: the pattern or a length is wrong.
        InputError: the input does not fit the pattern.
    """
    pattern = parse(text)
    left = _expand(pattern.left, pattern, given)
    right = _expand(pattern.right, pattern, given)
    if len(left) != given.rank:
        raise InputError(
            f"takes {len(left)} dimensions by {text!r}, and gets {given.rank}: {given}",
            help="name every dimension of the input, or write `...` for the others",
        )
    axes = [axis for group in left for axis in group]
    for name in lengths:
        if name not in axes:
            raise ArgumentError(name, f"there is no axis {name} in {text!r}", help=f"the axes are {', '.join(axes)}")
    sizes: dict[str, Size] = dict(lengths)
    for group, size in zip(left, given.shape, strict=True):
        _solve(group, size, sizes)
    order = tuple(axes.index(axis) for group in right for axis in group)
    joined = tuple(product(sizes[axis] for axis in group) for group in right)
    return Regrouping(tuple(sizes[axis] for axis in axes), order, joined)


def _expand(groups: tuple[Group, ...], pattern: Pattern, given: TensorType) -> tuple[Group, ...]:
    """The groups with names for the dimensions that the ellipsis stands for."""
    count = max(given.rank - (len(pattern.left) - 1), 0)
    extra = tuple(f"...{index}" for index in range(count))
    expanded: list[Group] = []
    for group in groups:
        if group == (ELLIPSIS,):
            expanded.extend((name,) for name in extra)
        else:
            expanded.append(tuple(name for axis in group for name in (extra if axis == ELLIPSIS else (axis,))))
    return tuple(expanded)


def _solve(group: Group, size: Size, sizes: dict[str, Size]) -> None:
    """Find the one unknown length of a dimension, or check that the known ones fit it."""
    shown = f"({' '.join(group)})" if len(group) != 1 else group[0]
    unknown = [axis for axis in group if axis not in sizes]
    known = product(sizes[axis] for axis in group if axis in sizes)
    if len(unknown) > 1:
        raise ArgumentError(
            "pattern",
            f"the lengths of {' and '.join(unknown)} do not follow from {shown}, a dimension of size {size}",
            help=f"give all but one of them: {unknown[-1]} = 16",
        )
    if not unknown:
        if not equal(known, size):
            advice = "drop only dimensions of size 1" if not group else "change the lengths that are given"
            raise InputError(f"takes {shown} to be {known}, and the dimension has size {size}", help=advice)
        return
    try:
        sizes[unknown[0]] = exact_divide(size, known)
    except Undecidable:
        if isinstance(size, int):
            message, advice = f"whose size {size} is no multiple of {known}", f"choose a multiple of {known}"
        else:
            message = f"whose size {size} is not known to be a multiple of {known}"
            advice = f"declare the size as a multiple, such as {known}*{unknown[0]}"
        raise InputError(f"splits {shown}, {message}", help=advice) from None
