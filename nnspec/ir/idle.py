"""Steps with weights that no output depends on, wherever they sit: also behind steps that are idle themselves.

What ends a line of a `training { ... }` is not idle: it may be there for its weights, which published files hold.
"""

from __future__ import annotations

from collections.abc import Set

from nnspec.cached import cached_property
from nnspec.ir.program import Call, Module, Program
from nnspec.ir.state import Totals, layer_weights, totals
from nnspec.layers.base import Layer
from nnspec.record import Record


class Idle(Record):
    """A step that owns weights, and that certain outputs do not depend on."""

    path: str  # of its label, from the model on; where a module is applied in several places, in one of them
    call: Call
    unused: bool  # no step takes its result, not even an idle one
    tied: bool  # a weight of it is one of another step, too

    def inside(self, label: str | None, module: Module) -> Idle:
        """The same, from the module on that applies it under a label."""
        path = f"{label}.{self.path}"
        return Idle(path, self.call, self.unused, self.tied or _is_tied(module, path))


def has_idle_weights(program: Program, outputs: Set[str]) -> bool:
    """Whether there are weights that these outputs of the model do not depend on."""
    return bool(idle(program, outputs))


def idle(program: Program, outputs: Set[str] | None = None) -> tuple[Idle, ...]:
    """The idle steps of a model, for some of its outputs or for all; of nested ones, the outermost."""
    ports = program.main.outputs
    asked = frozenset(index for index, port in enumerate(ports) if outputs is None or port.name in outputs)
    return _Search(program).search(program.entry, asked)[1]


class _Search:
    """Asks every module once for each set of its outputs that is needed."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.found: dict[tuple[str, frozenset[int]], tuple[frozenset[int], tuple[Idle, ...]]] = {}

    @cached_property
    def totals(self) -> dict[str, Totals]:
        """The weights of each module, counted where a module may be idle, which it hardly ever is."""
        return totals(self.program)

    def search(self, key: str, outputs: frozenset[int]) -> tuple[frozenset[int], tuple[Idle, ...]]:
        """The inputs of a module that these outputs depend on, and the steps that they do not depend on."""
        if (key, outputs) not in self.found:
            self.found[key, outputs] = self._search(self.program.modules[key], outputs)
        return self.found[key, outputs]

    def _search(self, module: Module, outputs: frozenset[int]) -> tuple[frozenset[int], tuple[Idle, ...]]:
        needed = {module.outputs[index].value for index in outputs}
        steps: list[Idle] = []
        alive: dict[str | None, tuple[Idle, ...]] = {}  # label -> what is idle inside it, at every application
        for call in reversed(module.calls):
            if needed.isdisjoint(call.outputs):
                continue
            taken, inner = self._taken(call, needed)
            needed.update(name for index, name in enumerate(call.inputs) if index in taken)
            others = {each.path for each in alive.get(call.label, inner)}
            alive[call.label] = tuple(each for each in inner if each.path in others)
            if call.chained and taken.isdisjoint(range(len(call.outputs))) and self._owns_weights(module, call):
                steps.append(_idle(module, call, unused=False))  # only the last application counts
        for label, inner in alive.items():
            steps += [each.inside(label, module) for each in inner]
        used = {name for call in module.calls for name in call.inputs}
        for call in module.calls:
            if call.label not in alive and self._owns_weights(module, call):
                unused = used.isdisjoint(call.outputs)
                if not (unused and call.training):
                    steps.append(_idle(module, call, unused=unused))
        inputs = frozenset(index for index, port in enumerate(module.inputs) if port.value in needed)
        once = {id(step.call): step for step in reversed(steps)}  # a module may be applied in very many places
        return inputs, tuple(reversed(once.values()))

    def _taken(self, call: Call, needed: Set[str]) -> tuple[Set[int], tuple[Idle, ...]]:
        """The inputs of a call, by index, that what is needed of it depends on, and what is idle inside."""
        if isinstance(call.callee, Layer):
            return frozenset(range(len(call.inputs))), ()
        handed_on = {each.output for each in call.scan.carried} if call.scan else set()
        if call.chained:  # it is applied to its own results
            handed_on = set(range(len(call.outputs)))
        outputs = frozenset(i for i, name in enumerate(call.outputs) if i in handed_on or name in needed)
        taken, inner = self.search(call.callee, outputs)
        return (frozenset(range(len(call.inputs))) if call.routed else taken), inner

    def _owns_weights(self, module: Module, call: Call) -> bool:
        if call.label is None or call.shared:
            return False
        if isinstance(call.callee, Layer):
            return bool(layer_weights(module, call))
        return bool(self.totals[call.callee].parameters)


def _idle(module: Module, call: Call, *, unused: bool) -> Idle:
    return Idle(str(call.label), call, unused, _is_tied(module, str(call.label)))


def _is_tied(module: Module, path: str) -> bool:
    """Whether a weight below a path is tied by the module."""
    return any(f"{each}.".startswith(f"{path}.") for tie in module.ties for each in (tie.parameter, tie.source))
