"""A model in two: what gives a sample the same each time, and the rest, which takes its results.

Both halves have the labels of the whole, and so the names of its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set

from nnspec.dims import equal
from nnspec.ir.open import opened
from nnspec.ir.program import Call, Module, Port, Program, Tie
from nnspec.record import Record


class Divided(Record):
    """`first` gives `between` from inputs of the model; `rest` takes these behind its other inputs."""

    first: Program
    rest: Program
    between: tuple[str, ...]


def divide(program: Program, settled: Callable[[Call], bool], mixed: Callable[[Call], bool]) -> Divided:
    """Divide a model; where nothing is settled, there is nothing between its halves.

    Args:
        program: the model.
        settled: whether a call of the model itself gives the same for the same inputs.
        mixed: whether the module that a call applies is to be opened, because some of its calls may be settled.
    """
    main = opened(program, mixed)
    known = {port.value for port in main.inputs} | {""}
    results: dict[str, None] = {}  # of settled calls, one row a sample
    for call in main.calls:
        if known.issuperset(call.inputs) and not call.training and settled(call):
            known.update(call.outputs)
            results.update((name, None) for name in call.outputs if _has_rows(main, name))
    rest, used = needed(main.calls, {port.value for port in main.outputs}, set(results))
    made = [name for name in results if name in used]
    between = tuple(Port(name=f"cached_features_{index}", value=name) for index, name in enumerate(made))
    return Divided(
        half(program, main, needed(main.calls, set(made), set())[0], main.inputs, between),
        half(program, main, rest, (*main.inputs, *between), main.outputs),
        tuple(port.name for port in between),
    )


def _has_rows(main: Module, value: str) -> bool:
    """Whether a value has a row for each sample."""
    batch, shape = main.input_types[0].shape[0], main.values[value].shape
    return bool(shape) and equal(shape[0], batch) is True


def needed(calls: Sequence[Call], values: set[str], given: Set[str]) -> tuple[list[Call], set[str]]:
    """The calls that these values need, less those whose results are given; and all values that are used."""
    kept: list[Call] = []
    used = set(values)
    for call in reversed(calls):
        if (used - given).intersection(call.outputs):
            kept.insert(0, call)
            used.update(call.inputs)
    return kept, used


def half(
    program: Program,
    main: Module,
    calls: list[Call],
    inputs: Iterable[Port],
    outputs: tuple[Port, ...],
    kept: Set[str] = frozenset(),
) -> Program:
    """A program of some calls of the model, with the inputs that they use, and those whose values are in `kept`."""
    used = {name for call in calls for name in call.inputs} | {port.value for port in outputs} | kept
    built: set[str] = set()
    body: list[Call] = []
    for call in calls:  # a module whose first application is in the other half is built at the next one
        body.append(call.model_copy(update={"shared": call.shared and call.label in built}))
        built.update(call.labels)
    values = used.union(*(call.outputs for call in calls))
    half = main.model_copy(
        update={
            "inputs": tuple(port for port in inputs if port.value in used),
            "outputs": outputs,
            "values": {name: type for name, type in main.values.items() if name in values},
            "calls": tuple(body),
            "ties": tuple(tie for tie in main.ties if _is_within(tie, built)),
            "order": (),
            "renames": (),
        }
    )
    made = Program.model_construct(format=1, entry=program.entry, modules={**program.modules, program.entry: half})
    return Program.model_construct(format=1, entry=made.entry, modules={key: made.modules[key] for key in made.order})


def _is_within(tie: Tie, labels: set[str]) -> bool:
    """Whether both ends of a tie are weights of calls with these labels."""
    return all(any(f"{path}.".startswith(f"{label}.") for label in labels) for path in (tie.parameter, tie.source))
