"""The inputs of a step in order: what flows, then tensors by position, then those by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from nnspec.diagnostics import nearest
from nnspec.elaborate.builder.tensor import ByName, Tensor
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import RepeatedArgument, UnknownArgument, WrongInputs
from nnspec.layers.base import Layer
from nnspec.syntax import tree as t

Inputs = list[Tensor | None]  # None for an optional one that is absent
Further = Mapping[str | int, Tensor]  # tensors among the arguments, by place or name


def layer_inputs(frame: Frame, layer: Layer, flowing: Sequence[Tensor], further: Further, node: Placed) -> Inputs:
    """The inputs of a layer."""
    positional = _positional(flowing, further)
    if layer.variadic:
        if not positional:
            frame.no_value(node, layer.kind)
        return list(positional)
    names = (*layer.inputs, *layer.optional_inputs)
    given = _given(frame, names, positional, further, layer.kind, node)
    missing = [name for name in layer.inputs if name not in given]
    if len(positional) > len(names) or missing:
        if missing and not positional:
            frame.no_value(node, layer.kind)
        least, most = len(layer.inputs), len(names)
        takes = f"{least} value{'s' if least != 1 else ''}" if least == most else f"{least} to {most} values"
        named = f" ({', '.join(names)})" if most > 1 else ""
        way = _tuple_of(layer.inputs, layer.kind) if missing and 1 < len(positional) < len(names) else None
        frame.fail(WrongInputs(frame.span(node), layer.kind, takes + named, len(positional), way))
    return [given.get(name) for name in names]


def block_inputs(
    frame: Frame, definition: BlockDefinition, flowing: Sequence[Tensor], further: Further, node: Placed
) -> Inputs:
    """The inputs of a block; one that declares none takes all that flows."""
    positional = _positional(flowing, further)
    declared = declared_inputs(definition)
    if not declared:
        return list(positional)
    names = [each.name.text for each in declared]
    given = _given(frame, names, positional, further, definition.name, node)
    missing = any(each.name.text not in given and not each.optional for each in declared)
    if missing or len(positional) > len(names):
        if not positional:
            frame.no_value(node, definition.name)
        takes = f"{len(names)} values ({', '.join(names)})"
        way = _tuple_of(names, definition.name) if missing and 1 < len(positional) < len(names) else None
        frame.fail(WrongInputs(frame.span(node), definition.name, takes, len(positional), way))
    return [given.get(name) for name in names]


def _tuple_of(names: Sequence[str], callee: str) -> str:
    return f"feed it with a tuple: ({', '.join(names)}) -> {callee}"


def declared_inputs(definition: BlockDefinition) -> tuple[t.BlockInput, ...]:
    """The inputs that a block names; those of a model stand in its body."""
    declaration = definition.declaration
    return declaration.inputs if isinstance(declaration, t.Block) else ()


def named_inputs(
    frame: Frame, named: Mapping[str, ByName], names: Collection[str], label: str, shown: str
) -> dict[str | int, Tensor]:
    """The tensors that flow by name into a module which is applied again."""
    for name, argument in named.items():
        if name not in names:
            span = argument.name_span or argument.span
            frame.fail(UnknownArgument(span, label, name, shown, nearest(name, names)))
    return {name: argument.value for name, argument in named.items() if isinstance(argument.value, Tensor)}


def _positional(flowing: Sequence[Tensor], further: Further) -> list[Tensor]:
    return [*flowing, *[tensor for place, tensor in further.items() if isinstance(place, int)]]


def _given(
    frame: Frame, names: Sequence[str], positional: list[Tensor], further: Further, callee: str, node: Placed
) -> dict[str, Tensor]:
    """The inputs by name; none may be given by its name that has its value already."""
    given = dict(zip(names, positional, strict=False))
    for name, tensor in further.items():
        if isinstance(name, int):
            continue
        if name in given:
            advice = f"{name} is what flows to it: let another value flow, or leave the name out"
            frame.fail(RepeatedArgument(frame.span(node), callee, name, advice=advice))
        given[name] = tensor
    return given
