"""Texts that a model is given with one token more than it reads: `target[:T]` of `int[N, T + 1]` (teacher forcing).

The last token is only what is to be predicted. A program that writes a text is given the others, as it reads them.
"""

from __future__ import annotations

from nnspec.dims import equal
from nnspec.ir import Call, Module, Port, Program
from nnspec.layers.families.indexing import Subscript
from nnspec.layers.tensor_type import TensorType


def without_the_last(program: Program) -> Program:
    """The program that takes each text as it reads it, where all that it does is to leave out the last token."""
    main = program.main
    for port in main.inputs:
        uses = [call for call in main.calls if port.value in call.inputs]
        if len(uses) == 1 and _leaves_out_the_last(main, port, uses[0]):
            main = _read(main, port, uses[0])
    return (
        program
        if main is program.main
        else program.model_copy(update={"modules": {**program.modules, program.entry: main}})
    )


def _leaves_out_the_last(main: Module, port: Port, call: Call) -> bool:
    """Whether a call takes all of an input but the last place of one dimension."""
    given, layer = main.values[port.value], call.callee
    if (
        given.dtype != "int"
        or not isinstance(layer, Subscript)
        or any(each.value == port.value for each in main.outputs)
    ):
        return False
    made = main.values[call.outputs[0]]
    items = layer.expanded(given)
    begins = all(isinstance(item, tuple) and item[1] in (None, 0) and item[3] in (None, 1) for item in items)
    return begins and made.rank == given.rank and _shorter_by_one(given, made)


def _shorter_by_one(given: TensorType, made: TensorType) -> bool:
    shorter = [a for a, b in zip(given.shape, made.shape, strict=True) if not equal(a, b)]
    left = [b for a, b in zip(given.shape, made.shape, strict=True) if not equal(a, b)]
    return len(shorter) == 1 and bool(equal(shorter[0], left[0] + 1))


def _read(main: Module, port: Port, call: Call) -> Module:
    """The module with what a call makes of an input in place of the input."""
    inputs = tuple(
        each.model_copy(update={"value": call.outputs[0]}) if each.name == port.name else each for each in main.inputs
    )
    values = {name: type for name, type in main.values.items() if name != port.value}
    calls = tuple(each for each in main.calls if each is not call)
    return main.model_copy(update={"inputs": inputs, "values": values, "calls": calls})
