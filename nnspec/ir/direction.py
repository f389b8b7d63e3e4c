"""Whether more of a number is better, or less: followed from scores and losses through arithmetic.

A fact is known of each value: the way in which it is better, whether it is never negative, and whether it is a distance
of what a model gives from the data. What cannot be followed is not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from nnspec.ir.program import Call, Module, Program
from nnspec.ir.state import layer_weights
from nnspec.layers.base import Better, Layer
from nnspec.layers.families.combine import Add, Maximum, Minimum, Multiply, Stack
from nnspec.layers.families.elementwise import (
    Abs,
    Cast,
    Clamp,
    Exp,
    Log,
    Log1p,
    Log2,
    Log10,
    Neg,
    Reciprocal,
    Rsqrt,
    Sqrt,
    Square,
)
from nnspec.layers.families.loss import NLLLoss
from nnspec.layers.families.operators import Divide, Power, Subtract
from nnspec.layers.families.rectifiers import ReLU
from nnspec.layers.families.reduction import Max, Mean, Min, Norm, Sum
from nnspec.layers.families.sigmoids import Sigmoid, Tanh
from nnspec.record import Record

KEEPING = (Add, Maximum, Minimum, Stack, Mean, Sum, Max, Min, Cast, Clamp, Log, Log2, Log10, Log1p, Sqrt, Exp, Tanh,
           Sigmoid, ReLU)  # fmt: skip
POSITIVE = (Exp, Sigmoid, ReLU)


class Fact(Record):
    """The facts known of a value."""

    way: int | None  # 1: more is better, -1: less is, 0: it does not depend on the model; None: not known
    positive: bool = False  # it is never negative
    distance: bool = False  # it is the difference of what a model gives and of the data


UNKNOWN, FIXED = Fact(None), Fact(0)


def direction(program: Program, made: Set[str]) -> Better | None:
    """Whether more of the first output is better, where that can be told; `made` are the inputs that a model gives."""
    main = program.main
    given = [UNKNOWN if port.name in made else FIXED for port in main.inputs]
    way = _outputs(program, main, given)[0].way
    return None if not way else "higher" if way > 0 else "lower"


def _outputs(program: Program, module: Module, given: Sequence[Fact]) -> list[Fact]:
    """The facts of the outputs of a module, from those of its inputs."""
    facts = {port.value: fact for port, fact in zip(module.inputs, given, strict=False)}
    for call in module.calls:
        inputs = [facts.get(name, UNKNOWN) for name in call.inputs if name]
        facts.update(zip(call.outputs, _results(program, module, call, inputs), strict=False))
    return [facts.get(port.value, UNKNOWN) for port in module.outputs]


def _results(program: Program, module: Module, call: Call, inputs: list[Fact]) -> list[Fact]:
    layer = call.callee
    if isinstance(layer, str):
        plain = call.count == 1 and not (call.scan or call.routed)
        return _outputs(program, program.modules[layer], inputs) if plain else [UNKNOWN] * len(call.outputs)
    if layer.better is not None and any(fact.way != 0 for fact in inputs):
        return [Fact(1 if layer.better == "higher" else -1, not isinstance(layer, NLLLoss))]
    if layer_weights(module, call):
        return [UNKNOWN] * len(call.outputs)
    return [_result(layer, inputs)] * len(call.outputs)


def _result(layer: Layer, inputs: list[Fact]) -> Fact:
    """The fact of what a layer gives."""
    scalar: Any = getattr(layer, "scalar", None)
    number = None if scalar is None else Fact(0, not isinstance(scalar, (int, float)) or scalar >= 0)
    if isinstance(layer, Power):
        return _power(inputs, scalar, layer.scalar_first)
    first = getattr(layer, "scalar_first", False)
    both = inputs if number is None else [number, *inputs] if first else [*inputs, number]
    if isinstance(layer, (Abs, Square, Norm)):
        return _magnitude(inputs[0])
    if isinstance(layer, Neg):
        return _negative(inputs[0])
    if isinstance(layer, Subtract):
        left, right = both
        apart = {left.way, right.way} == {0, None} and number is None
        return Fact(_agreed([left.way, _turned(right.way)]), False, apart)
    if isinstance(layer, Multiply):
        negative = isinstance(scalar, (int, float)) and scalar < 0
        product = _product(inputs if number is not None else both, bool(scalar) or number is None)
        return _negative(product) if negative else product
    if isinstance(layer, (Divide, Reciprocal, Rsqrt)):
        return _quotient(both, scalar, isinstance(layer, Divide))
    if layer.rearranges or isinstance(layer, KEEPING):
        positive = all(fact.positive for fact in both) or isinstance(layer, POSITIVE)
        return Fact(_agreed([fact.way for fact in both]), positive, len(both) == 1 and both[0].distance)
    return FIXED if all(fact.way == 0 for fact in inputs) else UNKNOWN


def _agreed(ways: list[int | None]) -> int | None:
    """The way of a sum; None where they contradict each other."""
    known = {way for way in ways if way != 0}
    return (known or {0}).pop() if len(known) < 2 else None


def _turned(way: int | None) -> int | None:
    return None if way is None else -way


def _negative(fact: Fact) -> Fact:
    return Fact(_turned(fact.way), False, fact.distance)


def _magnitude(fact: Fact) -> Fact:
    """Of a distance: less is better."""
    if fact.distance:
        return Fact(-1, True)
    return Fact(fact.way if fact.positive or fact.way == 0 else None, True)


def _power(inputs: list[Fact], scalar: Any, first: bool) -> Fact:
    base = inputs[0]
    if first or not isinstance(scalar, (int, float)):
        return FIXED if all(fact.way == 0 for fact in inputs) else UNKNOWN
    if scalar > 0 and scalar % 2 == 0:
        return _magnitude(base)
    if not base.positive:
        return base if scalar > 0 and scalar % 2 == 1 else FIXED if base.way == 0 else UNKNOWN
    return Fact(base.way if scalar > 0 else _turned(base.way), True)


def _product(factors: list[Fact], counts: bool) -> Fact:
    """Of factors that may change with the model one may be negative, if no other can be; constants must not be."""
    changing = [fact for fact in factors if fact.way != 0]
    others = all(fact.positive for fact in factors if fact.way == 0)
    if not counts or not changing:
        return Fact(0, others)
    positive = all(fact.positive for fact in factors)
    if not others or (len(changing) > 1 and not positive):
        return UNKNOWN
    return Fact(_agreed([fact.way for fact in changing]), positive, len(changing) == 1 and changing[0].distance)


def _quotient(both: list[Fact], scalar: Any, divides: bool) -> Fact:
    above, below = (both[0], both[1]) if divides and len(both) > 1 else (Fact(0, True), both[0])
    if isinstance(scalar, (int, float)) and scalar < 0:  # it is one of the two
        turned = [Fact(fact.way, True) if fact.way == 0 else fact for fact in (above, below)]
        return _negative(_quotient(turned, None, True))
    inverse = Fact(_turned(below.way), below.positive)
    if not below.positive:
        return FIXED if above.way == 0 and below.way == 0 else UNKNOWN
    return _product([above, inverse], True)
