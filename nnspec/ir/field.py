"""The receptive field of each value: how many places of the first picture or sequence one place of it depends on.

Along each axis of that input the field is followed from what the layers state. A window of extent k widens it by k - 1
jumps, and the jump, from the field of one place to that of the next, grows by the stride (`Layer.sight`). Views and
regroupings move the axis to other dimensions. Where a layer mixes places along all dimensions that the axis lies in,
the field is all of the input; along some of them, it is unknown. Several inputs have the largest of their fields.

Fields are relative, so that a module is walked once however wide the field is that it is given.
"""

from __future__ import annotations

from nnspec.ir.batch import batch_of
from nnspec.ir.program import Call, Module, Program
from nnspec.ir.reach import Growth, Reach, Seen, grown, growth_of, largest, moved, origin_of, unknown
from nnspec.ir.seen import mixing, through
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType

ROUNDS = 1000  # of a repeat whose field grows otherwise each time


class Fields:
    """The fields in a program, computed as they are asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known: dict[tuple[str, tuple[Seen, ...]], dict[str, Seen]] = {}
        self.inputs = _inputs(program)

    def after(self, blocks: tuple[Call, ...], call: Call) -> Seen:
        """The field of the first result of a call, in the first applications of these calls of blocks."""
        key, given = self.program.entry, self.inputs
        for block in blocks:
            values = self._values(key, given)
            given, key = tuple(values[name] for name in block.inputs), str(block.callee)
            if block.scan or block.routed:  # of single steps, or of tokens that were chosen
                known = [each for each in given if each is not None]
                inside = unknown(largest(known)) if known else None
                given = (inside,) * len(self.program.modules[key].inputs)
        return self._values(key, given)[call.outputs[0]]

    def _values(self, key: str, given: tuple[Seen, ...]) -> dict[str, Seen]:
        """The fields of all values of a module."""
        origin = origin_of(given)
        relative = tuple(moved(each, origin, back=True) for each in given)
        if (key, relative) not in self.known:
            self.known[key, relative] = self._walk(self.program.modules[key], relative)
        return {name: moved(each, origin) for name, each in self.known[key, relative].items()}

    def _walk(self, module: Module, given: tuple[Seen, ...]) -> dict[str, Seen]:
        values = {port.value: each for port, each in zip(module.inputs, given, strict=True)}
        values[""] = None
        for call in module.calls:
            found = self._called(module, call, tuple(values[name] for name in call.inputs))
            values.update(zip(call.outputs, found, strict=True))
        return values

    def _called(self, module: Module, call: Call, given: tuple[Seen, ...]) -> tuple[Seen, ...]:
        if all(each is None for each in given):
            return (None,) * len(call.outputs)
        if call.routed:  # experts treat tokens apart
            rank = module.values[call.outputs[0]].rank
            return (largest([mixing(each, {rank - 1}) for each in given if each is not None]),)
        if call.scan:
            return (unknown(largest([each for each in given if each is not None])),) * len(call.outputs)
        if call.count == 1:
            return self._once(module, call, given)
        growth: tuple[Growth, ...] | None = None
        for done in range(min(call.count, ROUNDS)):
            found = self._once(module, call, given)
            before, given = given[: len(found)], (*found, *given[len(found) :])
            last, growth = growth, growth_of(before, found)
            if growth is not None and not any(map(any, growth)):
                return found
            if growth is not None and len(found) == 1 and growth == last:
                return (grown(found[0], growth, call.count - done - 1),)
        return found if call.count <= ROUNDS else tuple(each and unknown(each) for each in found)

    def _once(self, module: Module, call: Call, given: tuple[Seen, ...]) -> tuple[Seen, ...]:
        if isinstance(call.callee, str):
            values = self._values(call.callee, given)
            return tuple(values[port.value] for port in self.program.modules[call.callee].outputs)
        types = module.types(call.inputs)
        return through(call.callee, types, tuple(module.values[name] for name in call.outputs), given)


def _inputs(program: Program) -> tuple[Seen, ...]:
    """The fields of the inputs: of the first picture or sequence, its places; none of the others."""
    found: list[Seen] = []
    batch, ports = batch_of(program), zip(program.main.inputs, program.main.input_types, strict=True)
    for index, (port, type) in enumerate(ports):
        axes = () if any(found) else _axes(program, port.value, type, batch.inputs[index] if batch else None)
        found.append(tuple(Reach(frozenset({axis})) for axis in axes) or None)
    return tuple(found)


def _axes(program: Program, value: str, type: TensorType, samples: int | None) -> tuple[int, ...]:
    """The dimensions of an input that are places of a picture or sequence, as the first layer that takes it says.

    `samples` is the dimension of samples, where it is known.
    """
    module, taker, time_first = program.main, None, False
    while taker is None:
        call = next((call for call in module.calls if value in call.inputs), None)
        if call is None or call.scan:
            break
        if isinstance(call.callee, Layer):
            taker = call.callee
            mixed = taker.mixed(*module.types(call.inputs))[call.inputs.index(value)]
            time_first = 0 in mixed and 1 not in mixed
            slid = len(taker.sight(*module.types(call.inputs))) if call.inputs[0] == value else 0
            if slid and taker.samples_apart:
                return tuple(range(type.rank - slid, type.rank))
        else:
            module = program.modules[call.callee]
            value = module.inputs[call.inputs.index(value)].value
    if type.rank > 3 or (type.rank == 3 and taker is not None and taker.samples_apart):
        return tuple(range(2, type.rank))
    sequence = type.rank == 3 or (type.rank == 2 and type.dtype == "int")
    if sequence and (samples is not None or isinstance(type.shape[0], int)):  # else it might be [T, N]
        return (0,) if samples == 1 or (samples is None and time_first) else (1,)
    return ()
