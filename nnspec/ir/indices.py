"""Which integer inputs of a program are indices into a table, and how large the smallest of their tables is."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.ir.program import Call, Program


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


def _demands(program: Program, found: dict[str, dict[str, int]], call: Call) -> Iterator[tuple[str, int]]:
    """The values that a call takes as indices, with their bounds."""
    if isinstance(call.callee, str):
        bounds = found[call.callee]
        ports = zip(call.inputs, program.modules[call.callee].inputs, strict=False)
        yield from ((value, bounds[port.name]) for value, port in ports if port.name in bounds)
    else:
        bound = call.callee.indices_below()
        yield from ((value, bound) for value in call.inputs if value and bound is not None)
