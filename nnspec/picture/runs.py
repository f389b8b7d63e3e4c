"""The calls of a level as they become boxes: layers that follow another one closely share its box.

Turns of a `for` that do the same one after the other, each with what the one before gives, are one box too, as a repeat
is: `for i in 1..6 { (_, memory) -> Layer }`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nnspec.ir import Call, Module
from nnspec.layers.base import Layer
from nnspec.picture.families import family_of
from nnspec.record import Record

_CLOSE = ("activation", "normalization", "dropout")  # families that stand in the box of the layer before


class Run(Record):
    """Calls in one box: those of the first turn, and of the further turns."""

    calls: tuple[Call, ...]
    further: tuple[tuple[Call, ...], ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The values that the box gives."""
        return (self.further[-1] if self.further else self.calls)[-1].outputs

    @property
    def turns(self) -> tuple[tuple[Call, ...], ...]:
        """The calls of each turn."""
        return (self.calls, *self.further)


def runs(module: Module) -> list[Run]:
    """The boxes of the calls of a module, in order."""
    uses = Counter(name for call in module.calls for name in call.inputs)
    uses.update(port.value for port in module.outputs)
    found: list[Run] = []
    for calls in _close(module, uses):
        if found and _goes_on(module, found[-1], calls, uses):
            found[-1] = Run(found[-1].calls, (*found[-1].further, calls))
        else:
            found.append(Run(calls))
    return found


def joins(call: Call) -> bool:
    """Whether a call is of an operator on several values."""
    return isinstance(call.callee, Layer) and call.callee.operator is not None and sum(map(bool, call.inputs)) > 1


def _close(module: Module, uses: Counter[str]) -> Iterator[tuple[Call, ...]]:
    """The calls in order, each with those that follow it closely and alone use its result."""
    takers = {call.inputs[0]: call for call in module.calls if _is_close(module, call)}
    taken: set[int] = set()
    for call in module.calls:
        if id(call) in taken:
            continue
        run = [call]
        while _holds(run[-1]) and uses[run[-1].outputs[0]] == 1 and run[-1].outputs[0] in takers:
            run.append(takers[run[-1].outputs[0]])
            taken.add(id(run[-1]))
        yield tuple(run)


def _holds(call: Call) -> bool:
    """Whether others may stand in the box of a call: it is of a layer with one result, and joins nothing."""
    return isinstance(call.callee, Layer) and len(call.outputs) == 1 and not joins(call)


def _is_close(module: Module, call: Call) -> bool:
    """Whether a call may stand in the box of the one before."""
    if not isinstance(call.callee, Layer) or len(call.inputs) != 1 or len(call.outputs) != 1 or not call.inputs[0]:
        return False
    given, result = module.values[call.inputs[0]], module.values[call.outputs[0]]
    return given.equals(result) and family_of(call.callee) in _CLOSE and call.callee.operator is None


def _goes_on(module: Module, run: Run, calls: tuple[Call, ...], uses: Counter[str]) -> bool:
    """Whether calls do once more what a run does, with its result in the place of what that took."""
    last = run.turns[-1]
    if len(last) != len(calls) or len(last[0].inputs) != len(calls[0].inputs) or uses[run.outputs[0]] != 1:
        return False
    changed = [now for was, now in zip(last[0].inputs, calls[0].inputs, strict=True) if was != now]
    alike = all(_are_alike(module, one, other) for one, other in zip(last, calls, strict=True))
    return alike and changed == [run.outputs[0]]


def _are_alike(module: Module, one: Call, other: Call) -> bool:
    """Whether two calls are of one statement, and apply the same to values of the same types."""
    plain = one.count == other.count == 1 and one.label is not None and not (one.shared or other.shared or one.scan)
    made = one.place is not None and one.place == other.place and one.callee == other.callee
    return plain and made and module.types(one.inputs) == module.types(other.inputs) and len(one.outputs) == 1
