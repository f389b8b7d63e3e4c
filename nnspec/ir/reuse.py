"""The modules that a program applies again to inputs of other sizes, so that they are other modules under one label."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.ir.program import Call, Program


def reapplied(program: Program) -> Iterator[tuple[Call, str, str]]:
    """Calls that apply a module again, with the key of the module as it was built, and as it is here."""
    for key in program.order:
        first: dict[str | None, Call] = {}
        for call in program.modules[key].calls:
            built = first.setdefault(call.label, call).callee
            if call.shared and isinstance(call.callee, str) and isinstance(built, str) and call.callee != built:
                yield call, built, call.callee
