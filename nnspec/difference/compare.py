"""Two programs step by step: the steps that are new, gone or changed, as a tree.

Steps are matched by their labels; those that are only counted, and operations, by what they are, in order. Modules that
are the same all the way down are not looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from difflib import SequenceMatcher
from functools import partial
from typing import Literal

from nnspec.dims import Size, substitute
from nnspec.ir import Call, Module, Program
from nnspec.ir.batch import batch_of
from nnspec.ir.macs import call_macs, macs
from nnspec.ir.state import applied, layer_weights, totals, weights_total
from nnspec.layers.base import Layer
from nnspec.picture.build import path_of
from nnspec.picture.words import shown
from nnspec.record import Record


class Change(Record):
    """A step that is not the same: the parts in which it differs, and the steps inside that do."""

    kind: Literal["new", "gone", "changed"]
    was: str  # its path, or that of its value where it has no label; "" of a new one
    path: str  # the same in the second model; "" of one that is gone
    before: str  # as the summary calls it
    after: str
    parts: tuple[str, ...] = ()  # `kernel_size 3 -> 5`
    inside: tuple[Change, ...] = ()

    def all(self) -> Iterator[Change]:
        """This change and all inside."""
        yield self
        for each in self.inside:
            yield from each.all()


def changes(before: Program, after: Program) -> tuple[Change, ...]:
    """The changes of the steps of a model."""
    return _Comparison(before, after).modules(before.main, after.main, ("", ""))


class _Counts:
    """The parameters and multiply-accumulates of the calls of a program."""

    def __init__(self, program: Program) -> None:
        counted = batch_of(program)
        one: dict[str, Size] = {counted.symbol: 1} if counted else {}
        self.totals = totals(program)
        self.macs = {key: substitute(size, one) for key, size in macs(program).items()}
        self.one = one

    def parameters(self, module: Module, call: Call) -> int:
        """Those of all applications of a call."""
        if call.label is None or call.shared:
            return 0
        own = self.totals[call.callee] if isinstance(call.callee, str) else weights_total(layer_weights(module, call))
        return applied(module, call, own).parameters

    def cost(self, module: Module, call: Call) -> Size:
        """The multiply-accumulates of a call, for one sample where that is known."""
        return substitute(call_macs(module, call, self.macs), self.one)


class _Comparison:
    def __init__(self, before: Program, after: Program) -> None:
        self.before = before
        self.after = after
        self.counts = _Counts(before), _Counts(after)
        self.same: dict[tuple[str, str], bool] = {}

    def modules(self, before: Module, after: Module, prefixes: tuple[str, str]) -> tuple[Change, ...]:
        """The changes of the steps of two modules."""
        steps = self._matched(before.calls, after.calls)
        renamed = dict(zip((p.value for p in before.inputs), (p.value for p in after.inputs), strict=False))
        for one, other in steps:
            if one and other:
                renamed.update(zip(one.outputs, other.outputs, strict=False))
        fresh = {value for one, other in steps if other and not one for value in other.outputs}
        found: list[Change] = []
        for one, other in steps:
            if one and other:
                found += self._calls(before, after, one, other, prefixes, _takes(one, other, renamed, fresh))
            elif one:
                name = _name(self.before, one)
                found.append(Change("gone", path_of(one, prefixes[0]), "", name, name))
            elif other:
                name = _name(self.after, other)
                found.append(Change("new", "", path_of(other, prefixes[1]), name, name))
        return tuple(found)

    def _matched(self, before: Sequence[Call], after: Sequence[Call]) -> list[tuple[Call | None, Call | None]]:
        """The steps of two modules in pairs: by their labels, and by what they are where those have changed."""
        found: list[tuple[Call | None, Call | None]] = []
        tokens = partial(_token, self.before), partial(_token, self.after)
        names = partial(_name, self.before), partial(_name, self.after)
        for run in _aligned(before, after, *tokens):
            for one, other in [run] if len(run[0]) == len(run[1]) == 1 else _aligned(*run, *names):
                if len(one) == len(other) == 1 and names[0](one[0]) == names[1](other[0]):
                    found.append((one[0], other[0]))
                else:
                    found += [(call, None) for call in one]
                    found += [(None, call) for call in other]
        return found

    def _calls(
        self, before: Module, after: Module, one: Call, other: Call, prefixes: tuple[str, str], takes: str
    ) -> Iterator[Change]:
        paths = path_of(one, prefixes[0]), path_of(other, prefixes[1])
        parts = [*([takes] if takes else []), *_outside(before, after, one, other)]
        names = _name(self.before, one), _name(self.after, other)
        inside: tuple[Change, ...] = ()
        if isinstance(one.callee, str) and isinstance(other.callee, str):
            if not self._are_same(one.callee, other.callee):
                first, second = self.before.modules[one.callee], self.after.modules[other.callee]
                parts = [*_arguments(first.arguments, second.arguments), *parts]
                inside = self.modules(first, second, (f"{paths[0]}.", f"{paths[1]}."))
        elif isinstance(one.callee, Layer) and isinstance(other.callee, Layer) and names[0] == names[1]:
            parts = [*_arguments(one.callee.settings(), other.callee.settings()), *parts]
        parts += self._counted(before, after, one, other)
        if parts or inside or _is_renamed(one, other):
            yield Change("changed", *paths, *names, tuple(parts), inside)

    def _counted(self, before: Module, after: Module, one: Call, other: Call) -> Iterator[str]:
        """The differences of two calls in their counts."""
        first, second = self.counts
        parameters = first.parameters(before, one), second.parameters(after, other)
        if parameters[0] != parameters[1]:
            yield f"parameters {parameters[0]:,} -> {parameters[1]:,}"
        costs = first.cost(before, one), second.cost(after, other)
        if costs[0] != costs[1] and isinstance(costs[0], int) and isinstance(costs[1], int):
            yield f"multiply-accumulates {costs[0]:,} -> {costs[1]:,}"

    def _are_same(self, one: str, other: str) -> bool:
        """Whether two modules are the same all the way down."""
        if (one, other) not in self.same:
            first, second = self.before.modules[one], self.after.modules[other]
            alike = first.values == second.values and len(first.calls) == len(second.calls)
            self.same[one, other] = alike and all(
                self._are_same_calls(a, b) for a, b in zip(first.calls, second.calls, strict=True)
            )
        return self.same[one, other]

    def _are_same_calls(self, one: Call, other: Call) -> bool:
        if isinstance(one.callee, str) and isinstance(other.callee, str):
            alike = self._are_same(one.callee, other.callee)
        else:
            alike = one.callee == other.callee
        return alike and _wiring(one) == _wiring(other)


def _wiring(call: Call) -> tuple[object, ...]:
    return call.inputs, call.outputs, call.label, call.count


def _aligned(
    before: Sequence[Call], after: Sequence[Call], first: Callable[[Call], str], second: Callable[[Call], str]
) -> Iterator[tuple[Sequence[Call], Sequence[Call]]]:
    """Runs of calls that stand in the same place: one of each where they have the same name, else what is between."""
    matcher = SequenceMatcher(None, list(map(first, before)), list(map(second, after)), autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield from (([one], [other]) for one, other in zip(before[a:b], after[c:d], strict=True))
        else:
            yield before[a:b], after[c:d]


def _is_renamed(one: Call, other: Call) -> bool:
    """Whether a label that is no number has changed."""
    labels = [(call.label or "0").rpartition(".")[2] for call in (one, other)]
    return one.label != other.label and not all(label.isdecimal() for label in labels)


def _takes(one: Call, other: Call, renamed: Mapping[str, str], fresh: Set[str]) -> str:
    """The inputs of a call, where they are others; that a new step stands before it is told of that step."""
    given = [(renamed.get(name, ""), now) for name, now in zip(one.inputs, other.inputs, strict=False)]
    alike = all(was in (now, "") or now in fresh for was, now in given)
    if alike and len(one.inputs) == len(other.inputs):
        return ""
    return f"takes {', '.join(filter(None, one.inputs)) or 'nothing'} -> {', '.join(filter(None, other.inputs))}"


def _token(program: Program, call: Call) -> str:
    """The same for steps that may be one before and after."""
    last = (call.label or "").rpartition(".")[2]
    return f"{call.label}" if last and not last.isdecimal() else f" {_name(program, call)}"


def _name(program: Program, call: Call) -> str:
    if not isinstance(call.callee, str):
        return call.callee.kind
    module = program.modules[call.callee]
    return "{ ... }" if module.kind == "group" else module.name


def _arguments(before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name), after.get(name)
        if one != other:
            yield f"{name} {shown(one)} -> {shown(other)}"


def _outside(before: Module, after: Module, one: Call, other: Call) -> Iterator[str]:
    """The differences of two calls apart from what they call."""
    if one.count != other.count:
        yield f"{one.count:,} x -> {other.count:,} x"
    if one.training != other.training:
        yield "in training only" if other.training else "not in training only"
    types = [before.values[name] for name in one.outputs], [after.values[name] for name in other.outputs]
    if types[0] != types[1]:
        yield f"{', '.join(map(str, types[0]))} -> {', '.join(map(str, types[1]))}"
