"""Multiply-accumulates of a program: convolutions and matrix products, in evaluation, repeats by multiplication."""

from __future__ import annotations

from nnspec.dims import Size
from nnspec.ir.mixture import of_all_rows
from nnspec.ir.program import Call, Module, Program


def call_macs(module: Module, call: Call, below: dict[str, Size]) -> Size:
    """The multiply-accumulates of a call, all its applications together; `below` holds those of the modules."""
    if call.routed:
        return of_all_rows(module, call, below[str(call.callee)])
    if isinstance(call.callee, str):
        return below[call.callee] * (call.scan.length(module.types(call.inputs)) if call.scan else call.count)
    return call.callee.macs(*module.types(call.inputs)) * call.count


def macs(program: Program) -> dict[str, Size]:
    """The multiply-accumulates of one application of every module, by key; what is for training only not counted."""
    found: dict[str, Size] = {}
    for key in program.order:
        module = program.modules[key]
        total: Size = 0
        for call in module.calls:
            if not call.training:
                total = total + call_macs(module, call, found)
        found[key] = total
    return found
