"""Changes to each module when a program goes on with a sequence: the steps that keep something, and their names.

A module is planned once, however often it is called. The one thing to know: a repeat whose steps keep something is
written out, since each of them has a past of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnspec.decode.memory import MEMORY
from nnspec.decode.mistakes import NotStepwise
from nnspec.decode.pairs import is_pair
from nnspec.diagnostics import Origin, Source, Span, SpecError
from nnspec.dims import Expression, equal
from nnspec.ir import Call, Module, Place, Program, Scan
from nnspec.ir.places import span_of
from nnspec.layers.base import Continued, Layer
from nnspec.layers.continued import along, continued, sizes_in
from nnspec.layers.families.source import Full, Zeros
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.record import Record


class Way(Record):
    """The way to a module: its path, and the blocks that were called, the innermost first."""

    path: str = ""
    chain: tuple[Origin, ...] = ()


class KeptTensor(Record):
    """A tensor that is kept from one part to the next: its path below the module, its type before the part."""

    path: str
    type: TensorType
    start: str | None = None  # the port of the model with which it begins; zeros for None
    again: bool = False  # an earlier step of the module keeps the same


class Step(Record):
    """A call as it will be made: how its layer goes on (None for a module), and what it keeps."""

    call: Call
    continued: Continued | None = None
    kept: tuple[KeptTensor, ...] = ()


class Plan(Record):
    """The steps of a module; `placed` if something in it depends on the number of places before."""

    steps: tuple[Step, ...]
    placed: bool

    @property
    def kept(self) -> tuple[KeptTensor, ...]:
        """All that is kept in the module and below it."""
        return tuple(tensor for step in self.steps for tensor in step.kept if not tensor.again)

    @property
    def changes(self) -> bool:
        """Whether the module is another one when it goes on."""
        return self.placed or any(step.kept for step in self.steps)


class Planner:
    """Plans the modules of a program that goes on along `time`, behind `past` places."""

    def __init__(
        self, program: Program, time: Expression, past: Expression, sources: Mapping[str, Source] | None = None
    ) -> None:
        self.program = program
        self.time = time
        self.past = past
        self.sources = sources or {}
        self._plans: dict[str, Plan] = {}

    def plan(self, key: str, way: Way = Way()) -> Plan:
        """The plan of a module; `way` is for messages.

        Raises:
            SpecError: a step in it needs the whole sequence at once.
        """
        if key not in self._plans:
            self._plans[key] = self._plan(self.program.modules[key], way)
        return self._plans[key]

    def _plan(self, module: Module, way: Way) -> Plan:
        steps: list[Step] = []
        names = _Names()
        placed = False
        for call in module.calls:
            if call.training:
                steps.append(Step(call))
                continue
            find = self._layer if isinstance(call.callee, Layer) else self._scan if call.scan else self._below
            how, kept, moved = find(module, call, way)
            placed |= moved
            for each in applications(call) if kept else (call,):
                steps.append(Step(each, how, names.of(each, how, kept)))
        return Plan(tuple(steps), placed)

    def _below(self, module: Module, call: Call, way: Way) -> tuple[None, tuple[KeptTensor, ...], bool]:
        """The tensors that a called module keeps, and whether it depends on the number of places before."""
        assert isinstance(call.callee, str)
        inner, span = self.program.modules[call.callee], self._span(call.place)
        path = f"{way.path}.{call.label}".lstrip(".")
        link = (Origin(inner.name, path, span),) if span and inner.kind != "group" else ()
        plan = self.plan(call.callee, Way(path, link + way.chain))
        return None, plan.kept, plan.placed

    def _scan(self, module: Module, call: Call, way: Way) -> tuple[None, tuple[KeptTensor, ...], bool]:
        """The states that a loop along the sequence keeps: those that one step hands to the next."""
        assert isinstance(call.callee, str) and call.scan is not None
        inner, scan, types = self.program.modules[call.callee], call.scan, module.types(call.inputs)
        within = self.plan(call.callee, way).changes
        runs = any(along(self.time, size) for type in types if type for size in type.shape)
        try:
            if within:
                raise LayerError(f"looks at other places along {self.time} in each of its steps")
            if not runs and not along(self.time, scan.length(types)):
                return None, (), False
            if scan.backward:
                raise LayerError(f"reads the places along {self.time} backwards", "leave backward out")
            if scan.steps is not None or not self._walks(scan, types):
                message = f"does not take the places along {self.time} one after the other"
                raise LayerError(message, "walk along all that has them: each x along 1")
            kept = tuple(
                KeptTensor(
                    inner.outputs[each.output].name,
                    inner.output_types[each.output],
                    self._start(module, call.inputs[each.input]),
                )
                for each in scan.carried
            )
        except LayerError as problem:
            raise self._refused(call, inner.name, problem, way) from None
        return None, kept, False

    def _walks(self, scan: Scan, types: tuple[TensorType | None, ...]) -> bool:
        """Whether a scan walks along the sequence, and takes nothing else of it."""
        inside = (type for type in scan.inside(types) if type)
        return bool(equal(scan.length(types), self.time)) and not any(
            along(self.time, size) for type in inside for size in type.shape
        )

    def _start(self, module: Module, value: str) -> str | None:
        """The port of the memory that a state begins with; None for zeros.

        Raises:
            LayerError: it begins with something else.
        """
        made = next((call.callee for call in module.calls if value in call.outputs), None)
        if isinstance(made, Zeros) or (isinstance(made, Full) and not made.value):
            return None
        port = next((port.name for port in module.inputs if port.value == value), "")
        if module is self.program.main and port.startswith(MEMORY):
            return port
        message = "starts from a state that is neither zero nor what an encoder gives"
        raise LayerError(message, "let it start from zeros, or from what is computed of other inputs than the text")

    def _layer(self, module: Module, call: Call, way: Way) -> tuple[Continued, tuple[KeptTensor, ...], bool]:
        """The continuation of a layer, the tensors it keeps, and whether it depends on the number of places before."""
        layer = call.callee
        assert isinstance(layer, Layer)
        try:
            how = continued(layer, self.time, self.past, *module.types(call.inputs))
            for type in module.types((*filter(None, call.inputs), *call.outputs)):
                several = type is not None and sum(along(self.time, size) for size in type.shape) > 1
                if type and several and not is_pair(type.shape, self.time, self.past):
                    message = f"sets every place along {self.time} beside every other: {type}"
                    raise LayerError(message, "let attention(..., causal = true) do that")
            kept = tuple(
                KeptTensor(each.name, each.type, self._start(module, call.inputs[each.input]) if each.started else None)
                for each in how.kept
            )
        except LayerError as problem:
            raise self._refused(call, layer.kind, problem, way) from None
        placed = any(along(self.past, size) for value in how.layer.settings().values() for size in sizes_in(value))
        return how, kept, placed

    def _refused(self, call: Call, name: str, problem: LayerError, way: Way) -> SpecError:
        found = NotStepwise(self._span(call.place), name, str(self.time), problem.message, problem.help)
        return SpecError.of(found, way.chain)

    def _span(self, place: Place | None) -> Span | None:
        return span_of(place, self.sources)


def applications(call: Call) -> Iterator[Call]:
    """A repeat as calls of their own; the last one gives what the repeat does."""
    inputs = call.inputs
    labels: list[str | None] = [*call.labels] or [None]
    for label in labels:
        last = label == labels[-1]
        outputs = call.outputs if last else tuple(f"{name}@{label}" for name in call.outputs)
        yield call.model_copy(update={"label": label, "count": 1, "inputs": inputs, "outputs": outputs})
        inputs = (*outputs, *inputs[len(outputs) :])


class _Names:
    """The paths of what a module keeps; two steps that keep the same of one value share it."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._joined: dict[tuple[str, Layer, Layer | None], str] = {}

    def of(self, call: Call, how: Continued | None, tensors: tuple[KeptTensor, ...]) -> tuple[KeptTensor, ...]:
        """The tensors that a call keeps, each under its path."""
        named: list[KeptTensor] = []
        for index, tensor in enumerate(tensors):
            kept = how.kept[index] if how else None
            manner = (call.inputs[kept.input], kept.join, kept.trim) if kept and kept.join else None
            known = self._joined.get(manner) if manner else None
            path = known or self._free(call.label, tensor.path)
            if manner:
                self._joined[manner] = path
            named.append(tensor.replace(path=path, again=known is not None))
        return tuple(named)

    def _free(self, label: str | None, path: str) -> str:
        """A path below the module that nothing else there has."""
        stem = f"{label}.{path}" if label else path
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}_{number}"
        self._taken.add(name)
        return name
