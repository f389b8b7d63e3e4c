"""The inputs of a program and what they may hold: indices within their table, lengths within the sequence, sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from nnspec.dims import Expression, Size, Symbol, symbols
from nnspec.ir.program import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.families.source import Range

S = TypeVar("S")
Demands = Callable[[Module, Call], Iterable[tuple[str, S]]]  # what a call asks of values that it is given


def index_bounds(program: Program) -> dict[str, int]:
    """The number that the elements of an input must be below, by the input's name; only of inputs that are indices.

    An input that is first computed with, as a position that is shifted, is none of these.
    """
    return _demanded(program, _rows, min)


def length_bounds(program: Program) -> dict[str, Size]:
    """The greatest length of each input that holds lengths of padded sequences, by its name; the least is 1."""
    return _demanded(program, _lengths, lambda one, _: one)


def _demanded(program: Program, demands: Demands[S], both: Callable[[S, S], S]) -> dict[str, S]:
    """The demands of the layers on the inputs that they are given as they are, by name."""
    found: dict[str, dict[str, S]] = {}  # of every module: by the name of the input
    for key in program.order:
        module = program.modules[key]
        asked: dict[str, S] = {}  # by value
        for call in module.calls:
            if isinstance(call.callee, str):
                ports = zip(call.inputs, program.modules[call.callee].inputs, strict=False)
                inner = found[call.callee]
                pairs = [(value, inner[port.name]) for value, port in ports if port.name in inner]
            else:
                pairs = []
            pairs += demands(module, call)
            for value, bound in pairs:
                asked[value] = both(bound, asked.get(value, bound))
        found[key] = {port.name: asked[port.value] for port in module.inputs if port.value in asked}
    return found[program.entry]


def _rows(module: Module, call: Call) -> Iterator[tuple[str, int]]:
    if call.routed:  # the numbers of experts
        yield call.inputs[1], call.count
    bound = call.callee.indices_below() if isinstance(call.callee, Layer) else None
    yield from ((value, bound) for value in call.inputs if value and bound is not None)


def _lengths(module: Module, call: Call) -> Iterator[tuple[str, Size]]:
    if isinstance(call.callee, Layer):
        lengths = call.callee.lengths(*module.types(call.inputs))
        yield from ((call.inputs[index], most) for index, most in lengths.items())


def greatest_sizes(program: Program) -> dict[str, int]:
    """The greatest size of each symbol of the inputs that has one.

    It is what the spec says, and what the tables have room for in which places are looked up: `Range(T)`.
    """
    atoms = {atom for type in program.main.input_types for size in type.shape for atom in symbols(size)}
    found = {atom.text: atom.bounds[1] for atom in atoms if atom.bounds[1] is not None}
    for key in program.order:
        for atom, most in _places(program.modules[key]):
            if atom in atoms:
                found[atom.text] = min(most, found.get(atom.text, most))
    return dict(sorted(found.items()))


def _places(module: Module) -> Iterator[tuple[Symbol, int]]:
    """The symbols that places are counted up to, with what the table allows in which they are looked up."""
    ends = {call.outputs[0]: call.callee.end for call in module.calls if isinstance(call.callee, Range)}
    for call in module.calls:
        rows = None if isinstance(call.callee, str) else call.callee.indices_below()
        end = ends.get(call.inputs[0]) if rows is not None and call.inputs else None
        if rows is not None and isinstance(end, Expression) and len(end.terms) == 1:
            atom, factor = end.terms[0]
            if isinstance(atom, Symbol) and factor > 0:
                yield atom, (rows * end.divisor + end.divisor - 1 - end.constant) // factor
