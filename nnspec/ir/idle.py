"""Whether a program has weights that certain of its outputs do not depend on."""

from __future__ import annotations

from collections.abc import Set

from nnspec.ir.program import Call, Program


def has_idle_weights(program: Program, outputs: Set[str]) -> bool:
    """Whether something with a name, which may own weights, is not needed for these outputs of the model."""
    return _has_idle(program, program.entry, outputs)


def _has_idle(program: Program, key: str, outputs: Set[str]) -> bool:
    module = program.modules[key]
    needed = {port.value for port in module.outputs if port.name in outputs}
    used, idle = set(), set()
    for call in reversed(module.calls):
        if needed & set(call.outputs):
            if isinstance(call.callee, str) and _has_idle(program, call.callee, _asked(program, call, needed)):
                return True
            needed |= set(call.inputs)
            used.add(call.label)
        else:
            idle.add(call.label)
    return bool(idle - used - {None})


def _asked(program: Program, call: Call, needed: Set[str]) -> set[str]:
    """The outputs of a call's module that are needed: all of one that is applied to its own results."""
    assert isinstance(call.callee, str)
    ports = program.modules[call.callee].outputs
    every = call.count > 1 or call.scan
    return {port.name for port, value in zip(ports, call.outputs, strict=True) if every or value in needed}
