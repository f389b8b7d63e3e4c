"""The arguments of a block: compile-time values for its parameters, and tensors for its inputs."""

from __future__ import annotations

from nnspec.diagnostics import nearest
from nnspec.elaborate.builder.inputs import declared_inputs
from nnspec.elaborate.builder.layer import need_single, weight_of
from nnspec.elaborate.builder.signature import block_signature
from nnspec.elaborate.builder.tensor import Tensor
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.describe import kind
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import (
    MissingArgument,
    RepeatedArgument,
    TensorArgument,
    TooManyArguments,
    UnknownArgument,
)
from nnspec.elaborate.values import Argument, Bound, Meaning, Partial, holds_tensor, let_go
from nnspec.syntax import tree as t

Arguments = dict[str, Meaning]  # of a block, by parameter


def bind_block(
    frame: Frame, definition: BlockDefinition, partial: Partial, node: Placed
) -> tuple[Bound, dict[str | int, Tensor]]:
    """The block with its compile-time arguments (without defaults), and tensors among them by place or name.

    A variant of another model takes what that one takes, too, by name.
    """
    parameters = definition.declaration.parameters
    names = [parameter.name.text for parameter in parameters]
    inputs = [each.name.text for each in declared_inputs(definition)]
    need_single(frame, partial.arguments)
    arguments: Arguments = {}
    texts: dict[str, str] = {}
    tensors: dict[str | int, Tensor] = {}
    free = iter(names)
    for argument in partial.positional:
        if isinstance(argument.value, Tensor):
            tensors[len(tensors)] = argument.value
        elif (name := next(free, None)) is None:
            shown = block_signature(definition)
            frame.fail(TooManyArguments(argument.span, definition.name, len(names), shown))
        else:
            arguments[name], texts[name] = _compile_time(frame, name, argument, definition), argument.written
    for name, argument in partial.named.items():
        span = argument.name_span or argument.span
        if name in inputs and isinstance(argument.value, Tensor):
            tensors[name] = argument.value
        elif name in inputs and argument.value is None:
            continue  # an optional input, which is absent
        elif name not in names and name not in (others := _further_names(definition)):
            shown = block_signature(definition)
            frame.fail(UnknownArgument(span, definition.name, name, shown, nearest(name, [*names, *inputs, *others])))
        elif name in arguments:
            frame.fail(RepeatedArgument(span, definition.name, name, block_signature(definition)))
        else:
            arguments[name], texts[name] = _compile_time(frame, name, argument, definition), argument.written
    for parameter in parameters:
        if parameter.default is None and parameter.name.text not in arguments:
            shown = block_signature(definition)
            frame.fail(MissingArgument(frame.span(node), definition.name, parameter.name.text, shown))
    return Bound(definition, arguments, {name: text for name, text in texts.items() if text}), tensors


def variant_of(definition: BlockDefinition) -> list[BlockDefinition]:
    """The model that this one is a variant of, the one that that is a variant of, and so on."""
    found: list[BlockDefinition] = []
    body = definition.declaration.body
    while not isinstance(body, t.Body):
        base = body.base if isinstance(body, t.Postfix) else body
        target = definition.declarations.names.get(base.text) if isinstance(base, t.Name) else None
        if target is None or target in found:
            break
        found.append(target)
        definition, body = target, target.declaration.body
    return found


def _further_names(definition: BlockDefinition) -> list[str]:
    return [parameter.name.text for target in variant_of(definition) for parameter in target.declaration.parameters]


def _compile_time(frame: Frame, name: str, argument: Argument, definition: BlockDefinition) -> Meaning:
    """The value of a parameter, which is known when the spec is compiled."""
    value = weight_of(argument.value) or argument.value
    if holds_tensor(value):
        frame.fail(TensorArgument(argument.span, definition.name, name, kind(value)))
    return let_go(value)
