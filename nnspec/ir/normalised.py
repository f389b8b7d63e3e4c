"""A program that normalises its inputs itself, before anything else is computed from them."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.ir.program import Call, Port, Program
from nnspec.layers.families.normalize import Normalize


def normalised(program: Program, layers: Mapping[str, Normalize]) -> Program:
    """The program with a layer behind each input that is named; its weights and their keys stay the same.

    Raises:
        LayerError: a layer does not fit its input.
    """
    main = program.main
    values, calls, ports = dict(main.values), [], []
    for port in main.inputs:
        layer = layers.get(port.name)
        if layer is not None:
            raw = f"{port.value}@given"  # no name of a spec has such a sign
            values[raw] = values[port.value]
            calls.append(Call(callee=layer, inputs=(raw,), outputs=(port.value,)))
            (values[port.value],) = layer.results(values[raw])
            port = Port(name=port.name, value=raw)
        ports.append(port)
    changed = main.model_copy(update={"inputs": tuple(ports), "values": values, "calls": (*calls, *main.calls)})
    return program.model_copy(update={"modules": {**program.modules, program.entry: changed}})
