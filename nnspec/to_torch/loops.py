"""Loops in a `forward`: over the modules of a list, over modules that are numbered, and step by step in a scan."""

from __future__ import annotations

from collections.abc import Callable

from nnspec.dims import Size
from nnspec.ir import Module, Scan
from nnspec.record import Record
from nnspec.to_torch.variables import Variables


def starting(targets: list[str], given: list[str]) -> list[str]:
    """The statements that let the variables of a loop be what it starts from."""
    return [f"{target} = {name}" for target, name in zip(targets, given, strict=False) if target != name]


class ScanLoop(Record):
    """A loop that applies a module once for each step; what is not carried is collected in lists."""

    lines: tuple[str, ...]
    carried: dict[int, str]  # the variables of what is carried, by the index of the output
    stacked: dict[int, str]  # the expressions of all others


def scan_loop(
    scan: Scan,
    module: Module,
    given: list[str],
    variables: Variables,
    size: Callable[[Size], str],
    applied: Callable[[list[str]], str],
) -> ScanLoop:
    """The loop for a scan of a module over inputs that are `given`; `applied` is the call of the module for a step."""
    names = list(given)
    places = {each.index: variables.fresh(module.inputs[each.index].name) for each in scan.sequences}
    results = [variables.fresh(port.name) for port in module.outputs]
    turns = _turns(scan, names, list(places.values()), size)
    lines = [f"{results[each.output]} = {names[each.input]}" for each in scan.carried]
    for each in scan.carried:
        names[each.input] = results[each.output]
    lists = {each.index: variables.fresh(_plural(results[each.index])) for each in scan.stacked}
    lines += [f"{name} = []" for name in lists.values()]
    lines.append(turns)
    step = applied([places.get(place, name) for place, name in enumerate(names)])
    lines.append(f"    {', '.join(results)} = {step}")
    lines += [f"    {name}.append({results[place]})" for place, name in lists.items()]
    order = "[::-1]" if scan.backward else ""
    stacked = {
        each.index: f"torch.stack({lists[each.index]}{order}{f', {each.dim}' if each.dim else ''})"
        for each in scan.stacked
    }
    return ScanLoop(tuple(lines), {each.output: results[each.output] for each in scan.carried}, stacked)


def _turns(scan: Scan, names: list[str], places: list[str], size: Callable[[Size], str]) -> str:
    """`for place in sequence:`."""
    if scan.steps is not None:
        return f"for _ in range({size(scan.steps)}):"
    walked = [f"{names[each.index]}.unbind({each.dim})" for each in scan.sequences]
    if scan.backward:
        walked = [f"reversed({text})" for text in walked]
    elif len(walked) == 1 and scan.sequences[0].dim == 0:
        walked = [names[scan.sequences[0].index]]
    sequence = walked[0] if len(walked) == 1 else f"zip({', '.join(walked)}, strict=True)"
    return f"for {', '.join(places)} in {sequence}:"


def _plural(name: str) -> str:
    """The name of a list of what this names."""
    return f"all_{name}" if name.endswith("s") else f"{name}s"
