"""What the inputs of a program may hold: indices below the length of their table, sizes within their bounds."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.dims import Expression, Symbol, symbols
from nnspec.ir.program import Call, Module, Program
from nnspec.layers.families.source import Range


def index_bounds(program: Program) -> dict[str, int]:
    """The number that the elements of an input must be below, by the input's name; only of inputs that are indices.

    An input that is first computed with, as a position that is shifted, is none of these.
    """
    found: dict[str, dict[str, int]] = {}  # of every module: by the name of the input
    for key in program.order:
        module = program.modules[key]
        bounds: dict[str, int] = {}  # by value
        for call in module.calls:
            for value, bound in _demands(program, found, call):
                bounds[value] = min(bound, bounds.get(value, bound))
        found[key] = {port.name: bounds[port.value] for port in module.inputs if port.value in bounds}
    return found[program.entry]


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


def _demands(program: Program, found: dict[str, dict[str, int]], call: Call) -> Iterator[tuple[str, int]]:
    """The values that a call takes as indices, with their bounds."""
    if isinstance(call.callee, str):
        bounds = found[call.callee]
        ports = zip(call.inputs, program.modules[call.callee].inputs, strict=False)
        yield from ((value, bounds[port.name]) for value, port in ports if port.name in bounds)
    else:
        bound = call.callee.indices_below()
        yield from ((value, bound) for value in call.inputs if value and bound is not None)
