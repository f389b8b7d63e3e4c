"""Operators and functions on compile-time values: integers, floats, strings, lists and sizes.

Results are bounded, so that no spec can make a number, a string or a list that takes the machine.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TypeVar

from nnspec.dims import Expression, Undecidable, bounds, equal
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.values import LENGTH, Meaning, is_number, is_size

Bounded = TypeVar("Bounded")

MAGNITUDE = 2**63
ELEMENTS = 50_000  # of nested lists: more than a text can write out


class OperationError(Exception):
    """The operator cannot be applied; the message says why."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


class UndecidedError(Exception):
    """The answer depends on a symbol; the message is the question."""


def length(value: object) -> int:
    """The size of a string, a list or a symbolic size."""
    return len(str(value)) if isinstance(value, Expression) else len(value) if isinstance(value, (str, tuple)) else 1


def elements(value: object, most: int) -> int:
    """The elements of nested lists, counted up to one more than `most`: a list may stand in another one many times."""
    count, pending = 0, [value]
    while pending and count <= most:
        item = pending.pop()
        count += 1
        pending += item if isinstance(item, tuple) else ()
    return count


def bounded(value: Bounded) -> Bounded:
    """The value, if it is not too large.

    Raises:
        OperationError: it is.
    """
    if isinstance(value, int) and abs(value) >= MAGNITUDE:
        raise OperationError("the result is larger than 2^63")
    if isinstance(value, (str, tuple)) and len(value) > LENGTH:
        raise OperationError(f"the result is longer than {LENGTH}")
    if isinstance(value, tuple) and elements(value, ELEMENTS) > ELEMENTS:
        raise OperationError(f"the lists in the result hold more than {ELEMENTS} elements")
    if isinstance(value, Expression) and len(str(value)) > LENGTH:
        raise OperationError("the result is too large an expression")
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise OperationError("the result is not a finite number")
    return value


def _power(left: float, right: float) -> float:
    large = isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1
    if large and right * math.log2(abs(left)) > 64:
        raise OperationError("the result is larger than 2^63")
    return left**right  # type: ignore[no-any-return]


_ARITHMETIC: dict[str, Callable[..., Meaning]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": _power,
}
_ORDER: dict[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def operate(symbol: str, left: Meaning, right: Meaning) -> Meaning:
    """`left symbol right`.

    Raises:
        OperationError: the operator does not apply to these values.
        UndecidedError: a comparison depends on a symbol.
    """
    if symbol in ("==", "!="):
        return _equal(left, right) == (symbol == "==")
    if symbol in _ORDER:
        return _order(symbol, left, right)
    if symbol == "+" and isinstance(left, (str, tuple)) and type(left) is type(right):
        return bounded(left + right)  # type: ignore[operator]
    if symbol == "*" and isinstance(left, (str, tuple)) and isinstance(right, int):
        if len(left) * right > LENGTH:
            raise OperationError(f"the result is longer than {LENGTH}")
        return left * right
    function = _ARITHMETIC.get(symbol)
    sizes = is_size(left) and is_size(right) and symbol not in ("/", "**")
    if function is None or not (sizes or (is_number(left) and is_number(right))):
        raise OperationError(f"`{symbol}` does not apply to {kind(left)} and {kind(right)}")
    try:
        return bounded(function(left, right))
    except ZeroDivisionError:
        raise OperationError("this divides by zero") from None
    except OverflowError:
        raise OperationError("the result is too large") from None
    except TypeError:  # a number over a symbol
        raise OperationError(f"`{symbol}` does not apply to {kind(left)} and {kind(right)}") from None
    except Undecidable as problem:
        raise OperationError(str(problem), "give the dimension a number in the input's shape") from None


def _equal(left: Meaning, right: Meaning) -> bool:
    if is_size(left) and is_size(right):
        answer = equal(left, right)
        if answer is None:
            raise UndecidedError(f"{left} equals {right}")
        return answer
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _order(symbol: str, left: Meaning, right: Meaning) -> bool:
    if is_number(left) and is_number(right):
        return _ORDER[symbol](left, right)
    if not (is_size(left) and is_size(right)):
        raise OperationError(f"`{symbol}` does not compare {kind(left)} and {kind(right)}")
    low, high = bounds(left - right)
    answers = {_ORDER[symbol](low, 0), _ORDER[symbol](high, 0) if high is not None else symbol in (">", ">=")}
    if len(answers) > 1:
        raise UndecidedError(f"{left} {symbol} {right}")
    return answers.pop()


def truth(value: Meaning) -> bool:
    """A truth value.

    Raises:
        OperationError: it is none.
    """
    if not isinstance(value, bool):
        raise OperationError(f"a truth value is needed here, and this is {kind(value)}", "compare it: x == 1")
    return value


def _numbers(arguments: tuple[Meaning, ...]) -> tuple[int | float, ...]:
    values = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], tuple) else arguments
    numbers = tuple(value for value in values if is_number(value))
    if not values or len(numbers) != len(values):
        raise OperationError("numbers are needed here")
    return numbers


def _one(test: Callable[[Meaning], bool], function: Callable[..., Meaning]) -> Callable[..., Meaning]:
    def apply(*arguments: Meaning) -> Meaning:
        if len(arguments) != 1 or not test(arguments[0]):
            raise OperationError(f"this function does not take {', '.join(map(describe, arguments)) or 'nothing'}")
        return function(arguments[0])

    return apply


def _is_sequence(value: Meaning) -> bool:
    return isinstance(value, (tuple, str))


def _divisible(value: float, divisor: float) -> int | float:
    """The multiple of `divisor` nearest to `value`; the next one where that would take more than a tenth away.

    How the widths of scaled networks are rounded. Source: MobileNetV2, Sandler et al. 2018 (`_make_divisible`).
    """
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * value else nearest


# Functions of the compile-time language; those that layers define (exp, sqrt, ...) apply to numbers as well.
FUNCTIONS: dict[str, Callable[..., Meaning]] = {
    "len": _one(_is_sequence, len),
    "reversed": _one(_is_sequence, lambda value: value[::-1]),
    "int": _one(is_number, int),
    "float": _one(is_number, float),
    "round": _one(is_number, round),
    "floor": _one(is_number, math.floor),
    "ceil": _one(is_number, math.ceil),
    "abs": _one(is_number, abs),
    "divisible": lambda *arguments: _divisible(*_numbers(arguments)),
    "min": lambda *arguments: min(_numbers(arguments)),
    "max": lambda *arguments: max(_numbers(arguments)),
    "sum": lambda *arguments: sum(_numbers(arguments)),
}


def call(name: str, function: Callable[..., Meaning], arguments: tuple[Meaning, ...]) -> Meaning:
    """A function on compile-time values.

    Raises:
        OperationError: it does not apply to them.
    """
    try:
        return bounded(function(*arguments))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        shown = ", ".join(map(describe, arguments))
        raise OperationError(f"{name}({shown}) has no value") from None
