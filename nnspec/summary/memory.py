"""The memory that the results of a program's layers take, repeats by multiplication."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.dims import Size, substitute
from nnspec.ir import Call, Module, Program
from nnspec.ir.mixture import of_all_rows
from nnspec.layers.base import Layer


def activation_bytes(program: Program, bound: Mapping[str, Size]) -> Size:
    """The bytes of the outputs of all layers, those for training only included, once for each application."""
    found: dict[str, Size] = {}
    for key in program.order:
        module = program.modules[key]
        total: Size = 0
        for call in module.calls:
            total = total + _output_bytes(module, call, bound, found) * (1 if call.routed else call.count)
        found[key] = total
    return found[program.entry]


def _output_bytes(module: Module, call: Call, bound: Mapping[str, Size], below: dict[str, Size]) -> Size:
    if call.routed:
        return substitute(of_all_rows(module, call, below[str(call.callee)]), bound)
    if isinstance(call.callee, str):
        return below[call.callee]
    if not call.inputs and isinstance(call.callee, Layer) and call.callee.weights():
        return 0  # a learned tensor is a parameter, not an activation
    total: Size = 0
    for name in call.outputs:
        total = total + substitute(module.values[name].bytes, bound)
    return total
