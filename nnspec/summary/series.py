"""Steps that a `for` makes: those that are alike become one row, and the others show in what they differ."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any

from nnspec.elaborate.describe import describe
from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.record import Record


class Turn(Record):
    """Turns of a `for` that make alike calls: these, each with its activation, and what sets them apart."""

    calls: tuple[tuple[Call, Call | None], ...]
    label: str
    differs: tuple[str, ...]  # `p = 0.1`


def turns(program: Program, module: Module, pairs: list[tuple[Call, Call | None]]) -> Iterator[Turn]:
    """The calls of a module, with those put together that turns of one `for` made alike one after the other."""
    for _, made in groupby(pairs, key=lambda pair: _origin(pair[0])):
        same = list(made)
        differing = _differing([_arguments(program, call) for call, _ in same])
        alike = [[same[0]]]
        for before, pair in pairwise(same):
            if _are_alike(module, before, pair):
                alike[-1].append(pair)
            else:
                alike.append([pair])
        for group in alike:
            given = _arguments(program, group[0][0])
            differs = tuple(f"{name} = {_shown(given.get(name))}" for name in differing)
            yield Turn(tuple(group), _label([call for call, _ in group]), differs if len(alike) > 1 else ())


def _origin(call: Call) -> object:
    """Equal for what one statement of a body makes, turn by turn."""
    alone = call.label is None or call.shared or call.routed or call.count > 1
    return id(call) if alone or call.place is None else call.place


def _are_alike(module: Module, one: tuple[Call, Call | None], other: tuple[Call, Call | None]) -> bool:
    """Whether two calls apply modules that are built alike, to values of the same types."""

    def form(pair: tuple[Call, Call | None]) -> object:
        call, activation = pair
        return call.callee, call.scan, module.types(call.inputs), call.training, activation and activation.callee

    tied = {path for tie in module.ties for path in (tie.parameter, tie.source)}
    return form(one) == form(other) and not any(
        pair[0].rest_of(path) is not None for path in tied for pair in (one, other)
    )


def _arguments(program: Program, call: Call) -> dict[str, Any]:
    """The arguments of a layer or block, by name."""
    callee = program.callee(call)
    return callee.settings() if isinstance(callee, Layer) else callee.arguments


def _differing(arguments: list[dict[str, Any]]) -> list[str]:
    """The names of the arguments that are not the same everywhere."""
    names = dict.fromkeys(name for each in arguments for name in each)
    return [name for name in names if any(each.get(name) != arguments[0].get(name) for each in arguments)]


def _label(calls: list[Call]) -> str:
    """The labels of calls: `layers.0..5` where they are counted, else the first and the last."""
    labels = [call.label or "" for call in calls]
    if len(labels) == 1:
        return labels[0]
    parts = [label.split(".") for label in labels]
    places = [place for place, column in enumerate(zip(*parts, strict=False)) if len(set(column)) > 1]
    if len({len(each) for each in parts}) == 1 and len(places) == 1:
        (place,) = places
        numbers = [each[place] for each in parts]
        if all(number.isdecimal() for number in numbers) and all(int(b) == int(a) + 1 for a, b in pairwise(numbers)):
            return ".".join([*parts[0][:place], f"{numbers[0]}..{numbers[-1]}", *parts[0][place + 1 :]])
    return ", ".join(labels if len(labels) < 4 else [*labels[:2], "...", labels[-1]])


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else describe(value)
