"""Modules opened: their calls stand in the model itself, under labels with the path of the module before them.

Repeats are opened, too, into one call for each application.
"""

from __future__ import annotations

from collections.abc import Callable

from nnspec.ir.program import Call, Module, Port, Program, Tie


def opened(program: Program, chosen: Callable[[Call], bool]) -> Module:
    """The module of the model, in which calls of modules that are chosen have become the calls of their bodies.

    A repeat becomes one call for each application first. A call that scans or shares its module stays: its body is
    applied more than once. So does a mixture of experts.

    Args:
        program: the model.
        chosen: whether to open the module that a call applies; asked for calls that came out of others, too.
    """
    main = program.main
    while True:
        shared = {call.label for call in main.calls if call.shared}
        for index, call in enumerate(main.calls):
            if isinstance(call.callee, str) and call.label not in shared | {None} and _is_plain(call) and chosen(call):
                inner = program.modules[call.callee]
                if any(each.routed for each in inner.calls):
                    continue
                main = _open(main, index, inner) if call.count == 1 else _unroll(main, index)
                break
        else:
            return main


def _is_plain(call: Call) -> bool:
    return not (call.shared or call.scan or call.training)


def _unroll(outer: Module, index: int) -> Module:
    """The module with a repeat replaced by one call for each of its applications."""
    call = outer.calls[index]
    calls: list[Call] = []
    given, types = call.inputs, {}
    for number, label in enumerate(call.labels, 1):
        last = number == call.count
        made = call.outputs if last else tuple(f"{label}@{name}" for name in call.outputs)
        types.update({new: outer.values[name] for new, name in zip(made, call.outputs, strict=True)})
        calls.append(call.model_copy(update={"label": label, "count": 1, "inputs": given, "outputs": made}))
        given = (*made, *given[len(made) :])
    return outer.model_copy(
        update={
            "values": {**outer.values, **types},
            "calls": (*outer.calls[:index], *calls, *outer.calls[index + 1 :]),
        }
    )


def _open(outer: Module, index: int, inner: Module) -> Module:
    """The module with its call of this number replaced by the body of the module that it applies."""
    call = outer.calls[index]
    names = {name: f"{call.label}@{name}" for name in inner.values}
    names |= {port.value: given for port, given in zip(inner.inputs, call.inputs, strict=False)}
    results = {name: names[port.value] for name, port in zip(call.outputs, inner.outputs, strict=True)}

    def before(each: Call) -> Call:
        return _renamed(each, names).model_copy(update={"label": each.label and f"{call.label}.{each.label}"})

    types = {names[name]: type for name, type in inner.values.items() if names[name]}
    ties = [Tie(parameter=f"{call.label}.{x.parameter}", source=f"{call.label}.{x.source}") for x in inner.ties]
    return outer.model_copy(
        update={
            "values": {**types, **outer.values},
            "calls": (
                *outer.calls[:index],
                *map(before, inner.calls),
                *(_renamed(each, results) for each in outer.calls[index + 1 :]),
            ),
            "outputs": tuple(_placed(port, results) for port in outer.outputs),
            "ties": (*outer.ties, *ties),
        }
    )


def _renamed(call: Call, names: dict[str, str]) -> Call:
    """The call with other names of values."""
    given, made = (tuple(names.get(name, name) for name in each) for each in (call.inputs, call.outputs))
    return call.model_copy(update={"inputs": given, "outputs": made})


def _placed(port: Port, names: dict[str, str]) -> Port:
    return port.model_copy(update={"value": names.get(port.value, port.value)})
