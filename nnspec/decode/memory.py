"""The parts of a model that stay the same while a text is written: an encoder, the keys and values made of it.

A model that takes more than the text is divided in two: an encoder, which computes from the other inputs all that does
not depend on the text, once; and a decoder, which takes that as `memory.PATH` at every step. Modules in which both meet
are opened, so that their calls stand in the model itself. Both halves are loaded from the weights of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from nnspec.dims import Expression
from nnspec.ir import Call, Module, Port, Program, Tie
from nnspec.ir.divide import half, needed
from nnspec.ir.open import opened
from nnspec.ir.state import StateEntry, state_dict
from nnspec.layers.base import Layer
from nnspec.layers.continued import along
from nnspec.layers.families.source import Parameter
from nnspec.layers.initial import as_choice
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.weights.renames import rules

MEMORY = "memory."  # how the ports of what stays the same begin
Kind = Literal["constant", "memory", "text"]


class Divided(Record):
    """The encoder gives `memory`; the decoder takes it."""

    encoder: Program
    decoder: Program


def divided(program: Program, time: Expression) -> Divided | None:
    """A model whose text is as long as `time` says, in two; None where nothing is computed from other inputs alone."""
    main = _apart(program, time)
    kinds = _kinds(main, time)
    inputs = {port.value for port in main.inputs}
    taken = {name for call in main.calls if _kind(call, kinds) == "text" for name in call.inputs}
    made = [name for name in _made(main) if name in taken and kinds[name] == "memory" and name not in inputs]
    if not made:
        return None
    names = _names(program, main, made, kinds)
    memory = tuple(Port(name=names[name], value=name) for name in made)
    outputs = [port for port in main.outputs if not port.training]
    given = [port for port in outputs if kinds[port.value] == "memory"]
    rest = tuple(port for port in outputs if port not in given)
    first, _ = needed(main.calls, {port.value for port in (*given, *memory)}, set())
    second, _ = needed(main.calls, {port.value for port in rest}, set(made))
    whole = {entry.key: entry for entry in state_dict(program)}
    encoder = main.model_copy(update={"name": f"{main.name}Encoder"})
    return Divided(
        _part(program, encoder, first, main.inputs, (*memory, *given), whole),
        _part(program, main, second, (*main.inputs, *memory), rest, whole),
    )


def _apart(program: Program, time: Expression) -> Module:
    """The module of the model, with all modules opened in which memory and text meet."""
    while True:
        kinds = _kinds(program.main, time)
        meet = {call.outputs[0] for call in program.main.calls if call.outputs and _meets(call, kinds)}
        main = opened(program, lambda call, meet=meet: bool(meet.intersection(call.outputs)))  # type: ignore[misc]
        if main == program.main:
            return _in_two(main, kinds)
        program = program.model_copy(update={"modules": {**program.modules, program.entry: main}})


def _in_two(main: Module, kinds: dict[str, Kind]) -> Module:
    """The module with each layer in two that makes something of the memory alone."""
    values, calls = dict(main.values), list[Call]()
    for call in main.calls:
        same = frozenset(index for index, name in enumerate(call.inputs) if kinds[name] == "memory")
        layer = call.callee
        found = None
        if isinstance(layer, Layer) and same and _kind(call, kinds) == "text" and call.count == 1 and not call.shared:
            found = layer.remembered(same, *main.types(call.inputs))
        if found is None:
            calls.append(call)
            continue
        names = [f"{call.outputs[0]}@{name}" for name in found.first.result_names()]
        given = _filled(found.first, tuple(call.inputs[index] for index in found.of))
        values |= dict(zip(names, found.first.results(*main.types(given)), strict=True))
        calls.append(call.model_copy(update={"callee": found.first, "inputs": given, "outputs": tuple(names)}))
        inputs = (call.inputs[0], *names, *(call.inputs[index] for index in found.further))
        calls.append(call.model_copy(update={"callee": found.rest, "inputs": _filled(found.rest, inputs)}))
    return main.model_copy(update={"values": values, "calls": tuple(calls)})


def _filled(layer: Layer, inputs: tuple[str, ...]) -> tuple[str, ...]:
    """The inputs of a layer, those that are absent at the end, too."""
    return (*inputs, *[""] * (len(layer.inputs) + len(layer.optional_inputs) - len(inputs)))


def _kinds(main: Module, time: Expression) -> dict[str, Kind]:
    """For each value of the model what it is computed from: the text, other inputs, or neither."""
    kinds: dict[str, Kind] = {"": "constant"}
    for port in main.inputs:
        sizes = main.values[port.value].shape
        kinds[port.value] = "text" if any(along(time, size) for size in sizes) else "memory"
    for call in main.calls:
        kinds |= dict.fromkeys(call.outputs, _kind(call, kinds))
    return kinds


def _kind(call: Call, kinds: dict[str, Kind]) -> Kind:
    found = {kinds[name] for name in call.inputs}
    return "text" if "text" in found or call.training else "memory" if "memory" in found else "constant"


def _meets(call: Call, kinds: dict[str, Kind]) -> bool:
    return isinstance(call.callee, str) and {"text", "memory"} <= {kinds[name] for name in call.inputs}


def _made(main: Module) -> Iterator[str]:
    for call in main.calls:
        yield from call.outputs


def _names(program: Program, main: Module, made: Iterable[str], kinds: dict[str, Kind]) -> dict[str, str]:
    """The name of each value of the memory: the path of what takes it first, and as what."""
    names: dict[str, str] = {}
    wanted = set(made)
    for call in main.calls:
        if _kind(call, kinds) == "text":
            for index, name in enumerate(call.inputs):
                if name in wanted and name not in names:
                    names[name] = _free(MEMORY + _path(program, call, index), names.values())
    return names


def _path(program: Program, call: Call, index: int) -> str:
    """The path of an input of a call: that of the module in which it stands, and its name there."""
    if isinstance(call.callee, Layer):
        fixed, optional = call.callee.inputs, call.callee.optional_inputs
        role = (*fixed, *optional)[index] if index < len(fixed) + len(optional) else fixed[0]
    else:
        role = program.modules[call.callee].inputs[index].name
    inside = call.label or call.outputs[0].rpartition("@")[0].replace("@", ".")
    return f"{inside}.{role}".lstrip(".")


def _free(stem: str, taken: Iterable[str]) -> str:
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name


def _part(
    program: Program,
    main: Module,
    calls: list[Call],
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    whole: dict[str, StateEntry],
) -> Program:
    """A half, which is loaded from the weights of the whole: it passes over those of the other half.

    A tensor has all its names in each half that has one of them, since a file may hold it under any.
    """
    own = {label for call in calls for label in call.labels}
    shared = {entry.tied_to or key for key, entry in whole.items() if _below(key, own)}
    further = [key for key, entry in whole.items() if (entry.tied_to or key) in shared and not _below(key, own)]
    owners = [_owner(key, whole[key]) for key in further]
    types = {call.outputs[0]: TensorType("float", whole[call.outputs[0]].weight.shape) for call in owners}
    ties = [Tie(parameter=key, source=entry.tied_to) for key, entry in whole.items() if entry.tied_to in shared]
    around = main.model_copy(update={"values": {**main.values, **types}, "ties": tuple(ties)})
    made = half(program, around, [*owners, *calls], inputs, outputs)
    held = {entry.key for entry in state_dict(made)}
    passed = tuple((key, "") for key in whole if key not in held)
    return _with_main(made, {"renames": (*rules(program), *passed)})


def _owner(key: str, entry: StateEntry) -> Call:
    """A call that owns a weight, where those of a half do not."""
    parameter = Parameter(shape=entry.weight.shape, init=as_choice(entry.weight.initial))
    return Call(callee=parameter, inputs=(), outputs=(key,), label=key)


def _below(path: str, labels: set[str]) -> bool:
    return any(f"{path}.".startswith(f"{label}.") for label in labels)


def started(decoder: Program, encoder: Program, starts: Mapping[str, str]) -> tuple[Program, Program]:
    """Both halves, where the encoder gives what the decoder keeps at first, under the name of that."""
    values = {port.name: port.value for port in encoder.main.outputs}
    used = {name for call in decoder.main.calls for name in call.inputs}
    idle = {port.name for port in decoder.main.inputs if port.name in starts.values() and port.value not in used}
    outputs = [port for port in encoder.main.outputs if port.name not in idle]
    outputs += [Port(name=past, value=values[memory]) for past, memory in starts.items()]
    inputs = tuple(port for port in decoder.main.inputs if port.name not in idle)
    gone = {port.value for port in decoder.main.inputs if port.name in idle}
    types = {name: type for name, type in decoder.main.values.items() if name not in gone}
    return (
        _with_main(decoder, {"inputs": inputs, "values": types}),
        _with_main(encoder, {"outputs": tuple(outputs)}),
    )


def encoder_path(path: Path) -> Path:
    """The file of the encoder beside that of its decoder: model.onnx, model.encoder.onnx."""
    return path.with_name(f"{path.stem}.encoder{path.suffix}")


def _with_main(program: Program, changes: dict[str, object]) -> Program:
    main = program.main.model_copy(update=changes)
    return program.model_copy(update={"modules": {**program.modules, program.entry: main}})
