"""The equations of `einsum`, such as "bhqd,bhkd->bhqk": reading them, and what they do to sizes.

The notation is that of numpy.einsum: a letter is a dimension, a letter that the right side lacks is summed over, `...`
is any number of dimensions, which are stretched as in broadcasting. Without `->`, the right side has the letters that
occur once, in the order of the alphabet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from nnspec.dims import Size, equal, product
from nnspec.layers.arithmetic import broadcast
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType
from nnspec.record import Record

ELLIPSIS = "..."
Labels = tuple[str, ...]  # one for each dimension: a letter, or "..." for those that it stands for


class Equation(Record):
    """The labels of each operand and of the result."""

    operands: tuple[Labels, ...]
    result: Labels


class Contraction(Record):
    """An equation applied: labels for every dimension, `...0`, `...1` for those of the ellipsis, and all sizes."""

    operands: tuple[Labels, ...]
    result: Labels
    sizes: dict[str, Size]

    @property
    def shape(self) -> tuple[Size, ...]:
        """The shape of the result."""
        return tuple(self.sizes[label] for label in self.result)

    def macs(self) -> Size:
        """Multiply-accumulates, operand after operand; what only one of two has is summed before they meet."""
        total: Size = 0
        left = set(self.operands[0])
        for place, operand in enumerate(self.operands[1:], start=1):
            later = set(self.result).union(*self.operands[place + 1 :])
            right = {label for label in operand if label in left or label in later}
            left = {label for label in left if label in right or label in later}
            if not left & right <= later:
                total = total + product(self.sizes[label] for label in sorted(left | right))
            left = (left | right) & later
        return total


@cache
def parse(text: str) -> Equation:
    """Read an equation.

    Raises:
        ArgumentError: it is not one; the argument is `equation`.
    """
    sides = "".join(text.split(" ")).split("->")
    if len(sides) > 2:
        raise _mistake(f"{text!r} has {len(sides) - 1} arrows `->`", "an equation has one: operands -> result")
    operands = tuple(_labels(part, text) for part in sides[0].split(","))
    found = [label for labels in operands for label in labels]
    if len(sides) == 1:
        letters = sorted(label for label in set(found) if label != ELLIPSIS and found.count(label) == 1)
        return Equation(operands, ((ELLIPSIS,) if ELLIPSIS in found else ()) + tuple(letters))
    result = _labels(sides[1], text)
    for label in result:
        if result.count(label) > 1:
            raise _mistake(f"{label} stands twice in the result of {text!r}", "name each dimension of it once")
        if label not in found:
            raise _mistake(f"{label} is in the result of {text!r} and in no operand", f"leave {label} out")
    if ELLIPSIS in found and ELLIPSIS not in result:
        raise _mistake(f"`...` is in an operand of {text!r} and not in the result", "write `...` behind `->` too")
    return Equation(operands, result)


def _labels(part: str, text: str) -> Labels:
    labels = tuple(re.findall(r"\.\.\.|[A-Za-z]", part))
    if "".join(labels) != part:
        strange = next(letter for letter in re.sub(r"\.\.\.|[A-Za-z]", "", part))
        raise _mistake(f"{strange!r} has no meaning in {text!r}", "a dimension is one letter, and `...` several")
    if labels.count(ELLIPSIS) > 1:
        raise _mistake(f"`...` stands twice in one operand of {text!r}", "write it once")
    return labels


def _mistake(message: str, help: str) -> ArgumentError:
    return ArgumentError("equation", message, help)


def plan(text: str, inputs: Sequence[TensorType]) -> Contraction:
    """The contraction of tensors of these types by the equation.

    Raises:
        ArgumentError: the equation is wrong, or for another number of tensors.
        InputError: an input does not fit the equation.
    """
    equation = parse(text)
    if len(equation.operands) != len(inputs):
        need = f"{len(equation.operands)} operand{'s'[: len(equation.operands) - 1]}"
        raise _mistake(f"{text!r} has {need}, for {len(inputs)} given", "name the dimensions of each, with a comma")
    sizes: dict[str, Size] = {}
    pairs = list(zip(equation.operands, inputs, strict=True))
    hidden = [_hidden(labels, given, text, index) for index, (labels, given) in enumerate(pairs)]
    stretched = broadcast(hidden)
    operands = []
    for index, (labels, given) in enumerate(pairs):
        own = tuple(f"...{place}" for place in range(len(stretched) - len(hidden[index]), len(stretched)))
        full = _written_out(labels, own)
        for label, size in zip(full, given.shape, strict=True):
            if label.startswith(ELLIPSIS):
                continue
            if not equal(sizes.setdefault(label, size), size):
                how = "which differ" if equal(sizes[label], size) is False else "which cannot be shown to agree"
                message = f"{label} in {text!r} is {sizes[label]} and {size}, {how}"
                raise InputError(message, help="give the two the same size, or letters of their own", index=index)
        operands.append(full)
    every = tuple(f"...{place}" for place in range(len(stretched)))
    sizes |= dict(zip(every, stretched, strict=True))
    return Contraction(tuple(operands), _written_out(equation.result, every), sizes)


def _written_out(labels: Labels, ellipsis: Labels) -> Labels:
    return tuple(each for label in labels for each in (ellipsis if label == ELLIPSIS else (label,)))


def _hidden(labels: Labels, given: TensorType, text: str, index: int) -> tuple[Size, ...]:
    """The sizes of the dimensions that the ellipsis stands for."""
    count = given.rank - (len(labels) - labels.count(ELLIPSIS))
    if count < 0 or (count and ELLIPSIS not in labels):
        letters = f"{len(labels)} letter{'s'[: len(labels) - 1]}"
        message = f"{''.join(labels)!r} in {text!r} has {letters}, and the operand is {given}"
        raise InputError(message, help="name every dimension, or write `...` for the others", index=index)
    start = labels.index(ELLIPSIS) if count else 0
    return given.shape[start : start + count]
