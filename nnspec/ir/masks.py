"""The inputs of a program that hide places from a layer: they are handed on, as they are, to what it calls a mask."""

from __future__ import annotations

from nnspec.ir.program import Call, Program


def mask_inputs(program: Program) -> frozenset[str]:
    """The names of the inputs that are masks; what is computed from an input first is none."""
    found: dict[str, frozenset[str]] = {}  # of every module: the names of its inputs
    for key in program.order:
        module = program.modules[key]
        values = {value for call in module.calls for value in _masks(program, found, call)}
        found[key] = frozenset(port.name for port in module.inputs if port.value in values)
    return found[program.entry]


def _masks(program: Program, found: dict[str, frozenset[str]], call: Call) -> list[str]:
    """The values that a call takes as masks."""
    if isinstance(call.callee, str):
        names, masks = [port.name for port in program.modules[call.callee].inputs], found[call.callee]
        return [value for name, value in zip(names, call.inputs, strict=False) if value and name in masks]
    names = [*call.callee.inputs, *call.callee.optional_inputs]
    return [value for name, value in zip(names, call.inputs, strict=False) if value and "mask" in name]
