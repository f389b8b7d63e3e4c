"""A program as one that goes on with a sequence: what it keeps are further inputs, and further outputs, of its modules.

Modules stay modules and calls stay calls. What a module keeps under a path enters it as `past.PATH` and leaves it as
`present.PATH`; from one module to the one around it the path grows by the label of the call, so that in the program
it is the path of the spec: `past.transformer.h.0.attn.key`. The parameters stay what they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.decode.cutting import without_cuttings
from nnspec.decode.pairs import with_all_keys
from nnspec.decode.plan import Plan, Planner, Step
from nnspec.diagnostics import Source
from nnspec.dims import Expression
from nnspec.ir import Call, Module, Port, Program, Scan
from nnspec.layers.base import Continued, Kept, Layer
from nnspec.layers.continued import along
from nnspec.layers.families.combine import Concat
from nnspec.layers.families.source import Full
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record

PAST, PRESENT = "past.", "present."  # how the ports of what is kept begin
LENGTH = "past.length"  # the port of a module that must know how long the past is, and keeps nothing of that length


class Continuation(Record):
    """A program that goes on; `starts` has, by name, the input with which another one begins that is kept."""

    program: Program
    starts: dict[str, str]


def continuation(
    program: Program, time: Expression, past: Expression, sources: Mapping[str, Source] | None = None
) -> Continuation:
    """The program for `time` more places of a sequence of which `past` were there before; it may keep nothing.

    Raises:
        SpecError: a step of it needs the whole sequence at once.
    """
    program = with_all_keys(without_cuttings(program, time), time, past)
    planner = Planner(program, time, past, sources)
    plan = planner.plan(program.entry)
    lengths = [tensor.type for tensor in plan.kept if _is_length(tensor.type, past)]
    writer = _Writer(planner, lengths[0] if lengths else TensorType("bool", (past,)))
    entry = writer.module(program.entry)
    made = Program(entry=entry, modules={**program.modules, **writer.modules})
    made = made.model_copy(update={"modules": {key: made.modules[key] for key in made.order}})
    return Continuation(made, {f"{PAST}{each.path}": each.start for each in plan.kept if each.start is not None})


def _is_length(type: TensorType, past: Expression) -> bool:
    """Whether the number of places before can be read from a tensor."""
    return any(along(past, size) for size in type.shape)


class _Writer:
    """Writes the modules that change, each once."""

    def __init__(self, planner: Planner, length: TensorType) -> None:
        self.planner = planner
        self.length = length
        self.modules: dict[str, Module] = {}

    def module(self, key: str) -> str:
        """The key of a module in the form that goes on: its own where that is no other."""
        plan = self.planner.plan(key)
        if not plan.changes:
            return key
        name = f"{key} continued"
        if name not in self.modules:
            self.modules[name] = _Body(self, self.planner.program.modules[key], plan).module
        return name

    def needs_length(self, plan: Plan) -> bool:
        """Whether a module must be told how long the past is."""
        return plan.placed and not any(_is_length(tensor.type, self.planner.past) for tensor in plan.kept)


class _Body:
    """One module, written anew."""

    def __init__(self, writer: _Writer, module: Module, plan: Plan) -> None:
        self.writer = writer
        self.values: dict[str, TensorType] = dict(module.values)
        self.calls: list[Call] = []
        ports = [Port(name=f"{PAST}{tensor.path}", value=_past(tensor.path)) for tensor in plan.kept]
        self.values |= {_past(tensor.path): tensor.type for tensor in plan.kept}
        lengths = [tensor for tensor in plan.kept if _is_length(tensor.type, writer.planner.past)]
        self.length = _past(lengths[0].path) if lengths else _past("")
        counts = writer.needs_length(plan)
        if counts:
            ports.append(Port(name=LENGTH, value=self.length))
            self.values[self.length] = writer.length
        self.present: dict[str, str] = {}  # what is kept after this part, by its path
        for step in plan.steps:
            self._write(step)
        if counts and module is writer.planner.program.main:
            self._count()
        results = [Port(name=f"{PRESENT}{path}", value=value) for path, value in self.present.items()]
        changed = {"inputs": (*module.inputs, *ports), "outputs": (*module.outputs, *results)}
        self.module = module.model_copy(update={**changed, "values": self.values, "calls": tuple(self.calls)})

    def _write(self, step: Step) -> None:
        call, continued = step.call, step.continued
        if call.scan is not None and step.kept:
            self._write_scan(step, call.scan)
        elif isinstance(call.callee, str) and not call.training and not call.scan:
            self._write_module(step, call.callee)
        elif continued is not None and (step.kept or continued.layer != call.callee):
            self._write_layer(step, continued)
        else:
            self.calls.append(call)

    def _count(self) -> None:
        """Keep as many truth values as there are places, where nothing else that is kept is as long."""
        more, grown = "length@more", _present("length")
        layer = Full(shape=(self.writer.planner.time,), value=True)
        step = Call(callee=layer, inputs=(), outputs=(more,))
        self._operation(step, layer, [], more)
        self._operation(step, Concat(dim=0), [self.length, more], grown)
        self.present["length"] = grown

    def _write_module(self, step: Step, callee: str) -> None:
        """A call of a module: it is given what it has kept, and gives what it keeps."""
        writer, call = self.writer, step.call
        key = writer.module(callee)
        inputs = [*call.inputs, *(_past(tensor.path) for tensor in step.kept)]
        if writer.needs_length(writer.planner.plan(callee)):
            inputs.append(self.length)
        self.present |= {tensor.path: _present(tensor.path) for tensor in step.kept}
        outputs = [*call.outputs, *(_present(tensor.path) for tensor in step.kept)]
        inner = writer.modules.get(key) or writer.planner.program.modules[key]
        self._call(call, key, inputs, outputs, inner.output_types)

    def _write_scan(self, step: Step, scan: Scan) -> None:
        """A loop along the sequence: it begins with what it has kept, and its last states are kept."""
        inputs = list(step.call.inputs)
        for tensor, each in zip(step.kept, scan.carried, strict=True):
            inputs[each.input] = _past(tensor.path)
            self.present[tensor.path] = step.call.outputs[each.output]
        self.calls.append(step.call.model_copy(update={"inputs": tuple(inputs)}))

    def _write_layer(self, step: Step, continued: Continued) -> None:
        """A call of a layer: what is joined with its past is joined before, what else was kept is given as it is."""
        layer, inputs, outputs = continued.layer, list(step.call.inputs), list(step.call.outputs)
        names = layer.result_names()
        outputs += [f"{outputs[0]}@{name}" for name in names[len(outputs) :]]
        made = list(outputs)
        for tensor, kept in zip(step.kept, continued.kept, strict=True):
            if kept.after is not None:
                made[kept.result] = f"alone@{tensor.path}"
                continue
            inputs += [""] * (kept.input + 1 - len(inputs))
            if tensor.again:
                inputs[kept.input] = _joined(tensor.path, kept)
                continue
            given = _past(tensor.path)
            self.present[tensor.path] = _present(tensor.path) if kept.join else outputs[kept.result]
            if kept.join is not None:
                given = self._join(step.call, kept, tensor.path, inputs[kept.input])
            inputs[kept.input] = given
        if step.kept:  # what goes on may take fewer inputs
            del inputs[len(layer.inputs) + len(layer.optional_inputs) :]
        types = layer.results(*(self.values[name] if name else None for name in inputs))
        self._call(step.call, layer, inputs, made, types)
        for tensor, kept in zip(step.kept, continued.kept, strict=True):
            if kept.after is not None:
                self._after(step.call, kept, tensor.path, made[kept.result], outputs[kept.result])

    def _after(self, call: Call, kept: Kept, path: str, made: str, result: str) -> None:
        """The result of a layer for this part alone, together with what was kept."""
        assert kept.after is not None and kept.trim is not None
        self._operation(call, kept.after, [_past(path), made], result)
        self._operation(call, kept.trim, [result], _present(path))
        self.present[path] = _present(path)

    def _join(self, call: Call, kept: Kept, path: str, value: str) -> str:
        """The value kept from earlier parts, joined with that of this part."""
        assert kept.join is not None
        joined = _joined(path, kept)
        self._operation(call, kept.join, [_past(path), value], joined)
        if kept.trim is not None:
            self._operation(call, kept.trim, [joined], _present(path))
        return joined

    def _operation(self, call: Call, layer: Layer, inputs: list[str], output: str) -> None:
        """A call of a layer that owns nothing, at the place of another call."""
        types = layer.results(*(self.values[name] for name in inputs))
        self._call(call.model_copy(update={"label": None, "shared": False}), layer, inputs, [output], types)

    def _call(
        self, call: Call, callee: Layer | str, inputs: list[str], outputs: list[str], types: tuple[TensorType, ...]
    ) -> None:
        self.values |= dict(zip(outputs, types, strict=True))
        changed = {"callee": callee, "inputs": tuple(inputs), "outputs": tuple(outputs)}
        self.calls.append(call.model_copy(update=changed))


def _joined(path: str, kept: Kept) -> str:
    return _present(path) if kept.trim is None else f"joined@{path}"


def _past(path: str) -> str:
    return f"past@{path}"


def _present(path: str) -> str:
    return f"present@{path}"
