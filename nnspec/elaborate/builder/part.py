"""A part of a body: the calls that certain of its values need, as a body of their own.

Several parts of one body have the same labels, and so the same names for their weights.
"""

from __future__ import annotations

from copy import copy

from nnspec.elaborate.builder.call import PendingCall, Wire
from nnspec.elaborate.builder.scope import Scope
from nnspec.elaborate.builder.tensor import Tensor


def part(scope: Scope, results: dict[str, Tensor]) -> Scope:
    """The part of a scope that gives these tensors under these names.

    The first input stays where none is needed: it tells the number of samples.
    """
    made = scope.copy()
    made.outputs = list(results.items())
    made.calls, needed = _needed(scope.calls, {tensor.wire for tensor in results.values()})
    made.inputs = [(name, tensor) for name, tensor in scope.inputs if tensor.wire in needed] or scope.inputs[:1]
    labels = {call.label for call in made.calls}
    made.ties = [tie for tie in scope.ties if {_top(tie.parameter, labels), _top(tie.source, labels)} <= labels]
    return made


def _needed(calls: list[PendingCall], values: set[Wire]) -> tuple[list[PendingCall], set[Wire]]:
    """The calls that these values need, in order, and all values that are used."""
    kept: list[PendingCall] = []
    needed = set(values)
    for call in reversed(calls):
        if needed & set(call.outputs):
            kept.insert(0, copy(call))
            needed |= {wire for wire in call.inputs if wire is not None}
    built: set[str | None] = set()
    for call in kept:  # a module whose first application is not needed is built at the next one
        call.shared = call.shared and call.label in built
        built.add(call.label)
    return kept, needed


def _top(path: str, labels: set[str | None]) -> str | None:
    """The label that a path begins with."""
    return next((label for label in labels if label and f"{path}.".startswith(f"{label}.")), "")
