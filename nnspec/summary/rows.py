"""The rows of a summary: a program's calls as a tree, each with its shape and its counts.

A repeat is one row, whose counts are those of all its applications, and so are turns of a `for` that make the same;
the rows below it show one application. A module whose content stands further up already is not shown again, so a
summary grows with the text of a spec.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nnspec.dims import Size, substitute
from nnspec.ir import Call, Module, Program
from nnspec.ir.macs import call_macs, macs
from nnspec.ir.mixture import chosen
from nnspec.ir.state import Totals, applied, layer_weights, totals, weight_at, weights_total
from nnspec.layers.base import Layer
from nnspec.record import Record
from nnspec.summary.row import Row
from nnspec.summary.series import Turn, turns

if TYPE_CHECKING:
    from nnspec.recipe.frozen import Frozen


class _Step(Record):
    """A call that becomes a row, and where it stands."""

    module: Module
    call: Call
    activation: Call | None
    label: str
    prefix: str
    branch: tuple[bool, ...]
    within: tuple[Call, ...]
    last: Call  # that gives the result
    ties: Mapping[str, str]  # paths below the module -> the parameters, from the model on, that they are
    turns: tuple[Call, ...] = ()  # of a `for`, that make it alike: this call and others
    differs: tuple[str, ...] = ()  # in what it differs from what other turns make
    sources: tuple[str, ...] = ()  # what it is given, where that is not just the result of the step above
    value: str = ""  # what steps below call its result, where that is not its label


class Rows:
    """Makes the rows of a program; symbols in `bound` are replaced in the multiply-accumulates."""

    def __init__(self, program: Program, bound: Mapping[str, Size], frozen: Frozen | None = None) -> None:
        self.program = program
        self.totals = totals(program)
        self.macs = {key: substitute(size, bound) for key, size in macs(program).items()}
        self.bound = bound
        self.frozen = frozen
        self.shown: dict[str, str] = {}

    @property
    def total(self) -> Totals:
        """The elements of the model, as the recipe trains them."""
        return self.totals[self.program.entry].freezing(sum(self.frozen.elements.values()) if self.frozen else 0)

    def all(self, depth: int | None) -> list[Row]:
        """The rows from the top down, to a depth (None: all)."""
        rows: list[Row] = []
        pending = self._steps(self.program.main, "", (), (), {})[::-1]
        while pending:
            step = pending.pop()
            below = self._below(step) if depth is None or len(step.branch) < depth else []
            rows.append(self._row(step))
            pending += reversed(below)
        return rows

    def _steps(
        self,
        module: Module,
        prefix: str,
        branch: tuple[bool, ...],
        within: tuple[Call, ...],
        outer: Mapping[str, str],
    ) -> list[_Step]:
        ties = {**outer, **{tie.parameter: prefix + tie.source for tie in module.ties}}
        found = list(turns(self.program, module, _with_activations(module)))
        steps: list[_Step] = []
        lasts = [turn.calls[-1][1] or turn.calls[-1][0] for turn in found]
        results = [call.outputs for call in lasts]
        inputs = tuple(port.value for port in module.inputs)
        wiring = [_sources(turn.calls[0][0], above) for turn, above in zip(found, [inputs, *results], strict=False)]
        asked = {name for sources in wiring for name in sources}
        for index, turn in enumerate(found):
            call, activation = turn.calls[0]
            value = next((name for name in results[index] if name in asked and not _is_named(name, turn)), "")
            label = turn.label if len(turn.calls) > 1 else _label(call)
            place = (*branch, index == len(found) - 1)
            step = _Step(module, call, activation, label, prefix, place, within, lasts[index], ties)
            step = step.replace(
                turns=tuple(call for call, _ in turn.calls), differs=turn.differs, sources=wiring[index], value=value
            )
            steps.append(self._unwrapped(step))
        return steps

    def _unwrapped(self, step: _Step) -> _Step:
        """`h: 12 x Block` is a group `h` around a repeat: the repeat, under the label of the group."""
        callee = self.program.callee(step.call)
        alone = step.call.count == len(step.turns) == 1
        if isinstance(callee, Layer) or callee.kind != "group" or len(callee.calls) != 1 or not alone:
            return step
        inner = callee.calls[0]
        if (
            (inner.count == 1 and not inner.routed)
            or inner.label != "0"
            or step.call.shared
            or step.call.training != inner.training
        ):
            return step
        ties = _ties_below(step.call, step.ties)
        prefix = f"{step.prefix}{step.call.label}."
        return _Step(
            callee,
            inner,
            None,
            step.label,
            prefix,
            step.branch,
            (*step.within, step.call),
            inner,
            ties,
            (inner,),
            step.differs,
            step.sources,
            step.value,
        )

    def _below(self, step: _Step) -> list[_Step]:
        """The steps inside the module that a step calls, unless they have been shown."""
        call = step.call
        if not isinstance(call.callee, str) or call.shared or call.callee in self.shown:
            return []
        path = f"{step.prefix}{call.label}"
        ties = _ties_below(call, step.ties) if call.count == 1 else {}
        if not ties:
            self.shown[call.callee] = path
        within = (*step.within, call)
        return self._steps(self.program.modules[call.callee], f"{path}.", step.branch, within, ties)

    def _row(self, step: _Step) -> Row:
        call, module = step.call, step.module
        total = Totals() if call.shared else self._total(step)
        kinds = [self._kind(call), *([self._kind(step.activation)] if step.activation else [])]
        outputs = (step.activation or call).outputs
        return Row(
            path=None if call.label is None else step.prefix + call.label,
            label=step.label,
            value=step.value,
            kind=" + ".join(kinds),
            count=call.count * len(step.turns),
            chosen=chosen(module, call) if call.routed else None,
            layer=call.callee if isinstance(call.callee, Layer) else None,
            inputs=tuple(module.values[name] for name in call.inputs if name),
            outputs=tuple(module.values[name] for name in outputs),
            parameters=total.parameters,
            trainable=total.trainable,
            buffers=total.buffers,
            macs=self._macs(module, call) * len(step.turns),
            sources=step.sources,
            notes=self._notes(step, total),
            within=step.within,
            call=step.last,
            branch=step.branch,
        )

    def _macs(self, module: Module, call: Call) -> Size:
        return substitute(call_macs(module, call, self.macs), self.bound)

    def _kind(self, call: Call) -> str:
        callee = self.program.callee(call)
        if isinstance(callee, Layer):
            return callee.kind
        return "{ ... }" if callee.kind == "group" else f"scan {callee.name}" if call.scan else callee.name

    def _total(self, step: _Step) -> Totals:
        """The elements of a call, less the parameters that are other ones."""
        call = step.call
        if call.label is None:
            return Totals()
        total = Totals().plus(applied(step.module, call, self._one(step.module, call)), len(step.turns))
        for path in _ties_below(call, step.ties):
            total = total.plus(weights_total([weight_at(self.program, step.module, f"{call.label}.{path}")]), -1)
        return total.freezing(self._frozen(step))

    def _frozen(self, step: _Step) -> int:
        """How many elements of a step the recipe freezes."""
        elements = self.frozen.elements if self.frozen else {}
        own = {key.removeprefix(step.prefix): size for key, size in elements.items() if key.startswith(step.prefix)}
        return sum(size for key, size in own.items() if any(call.rest_of(key) is not None for call in step.turns))

    def _one(self, module: Module, call: Call) -> Totals:
        if isinstance(call.callee, str):
            return self.totals[call.callee]
        return weights_total(layer_weights(module, call))

    def _notes(self, step: _Step, total: Totals) -> tuple[str, ...]:
        call = step.call
        notes = [*step.differs, *(["reused"] if call.shared else [])]
        if call.training:
            notes.append("training only")
        if self.frozen and not call.shared and self._frozen(step):
            notes.append(f"partly {self.frozen.note}" if total.trainable else self.frozen.note)
        elif total.frozen and not total.trainable:
            notes.append("frozen")
        if isinstance(call.callee, Layer):
            notes += [f"{path} is {source}" for path, source in _ties_below(call, step.ties).items()]
        path = f"{step.prefix}{call.label}"
        first = self.shown.get(call.callee, path) if isinstance(call.callee, str) else path
        if first != path and not call.shared:
            notes.append(f"inside as in {first}")
        return tuple(notes)


def _sources(call: Call, above: tuple[str, ...]) -> tuple[str, ...]:
    """The values that a call is given, unless they are the first result of the step above, or all of its results."""
    given = tuple(name for name in call.inputs if name)
    return () if given in (above, above[:1]) else given


def _is_named(value: str, turn: Turn) -> bool:
    """Whether a value is called by the label of a row, or by that and a result: `rnn.state`."""
    return any(call.label is not None and f"{value}.".startswith(f"{call.label}.") for call, _ in turn.calls)


def _label(call: Call) -> str:
    """The label of a call, `1..5` for a repeat."""
    if call.label is None or call.count == 1:
        return call.label or ""
    stem, dot, first = call.label.rpartition(".")
    return f"{stem}{dot}{first}..{int(first) + call.count - 1}"


def _ties_below(call: Call, ties: Mapping[str, str]) -> dict[str, str]:
    if call.shared:
        return {}
    pairs = ((call.rest_of(path), source) for path, source in ties.items())
    return {rest: source for rest, source in pairs if rest is not None}


def _with_activations(module: Module) -> list[tuple[Call, Call | None]]:
    """The calls of a module, each with the activation that is written right behind it and alone uses its result."""
    uses = Counter(name for call in module.calls for name in call.inputs)
    uses.update(port.value for port in module.outputs)
    pairs: list[tuple[Call, Call | None]] = []
    for call in module.calls:
        if pairs and pairs[-1][1] is None and _follows(pairs[-1][0], call) and uses[call.inputs[0]] == 1:
            pairs[-1] = (pairs[-1][0], call)
        else:
            pairs.append((call, None))
    return pairs


def _follows(before: Call, call: Call) -> bool:
    """Whether a call is an activation without a name of its own, on the one result of a single layer."""
    return (
        isinstance(call.callee, Layer)
        and isinstance(before.callee, Layer)
        and call.callee.activation
        and call.inputs == before.outputs
        and (call.label is None or call.label.rpartition(".")[2].isdecimal())
        and call.count == before.count == 1
        and call.training == before.training
        and not call.shared
    )
