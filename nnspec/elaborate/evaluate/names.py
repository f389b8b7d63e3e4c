"""The meaning of a name: of the body or of those around it, of the file, of the language itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nnspec.diagnostics import Span, nearest
from nnspec.elaborate import words
from nnspec.elaborate.builder.tensor import INVALID, Invalid, Results, Tensor
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate import arithmetic
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.mistakes import HoldsLayer, UnknownName, WrongKind
from nnspec.elaborate.values import Argument, Function, Known, Meaning, Partial
from nnspec.layers import registry
from nnspec.syntax import tree as t

DEEPEST = 32  # dots in a label


def meaning(frame: Frame, node: t.Name) -> Meaning:
    """The meaning of a name."""
    found, value = frame.environment.find(node.text)
    if not found:
        value = global_meaning(frame, node.text)
    if isinstance(value, Invalid):
        raise Failed
    if value is None and not found:
        frame.fail(_unknown(frame, node.text, frame.span(node)))
    return value


def global_meaning(frame: Frame, name: str) -> Known:
    """The meaning of a name outside the body: a block, a model, a layer or a function; None if it has none."""
    definition = frame.declarations.names.get(name)
    if definition is not None:
        return Partial(definition)
    if name in frame.declarations.broken:
        return INVALID
    layer = registry.find(name) or registry.find_construct(name)
    if layer is not None:
        return Partial(layer)
    layer = registry.find_by("function", name)
    if layer is not None or name in arithmetic.FUNCTIONS:
        return Function(name, layer)
    return None


def longest_name(
    frame: Frame, base: t.Name, trailers: Sequence[t.Arguments | t.Subscript | t.Member]
) -> tuple[Meaning, int]:
    """The meaning of the longest dotted name at the front, and how many members are in it; 0 if there is none."""
    members: list[str] = []
    for trailer in trailers[:DEEPEST]:
        if not isinstance(trailer, t.Member):
            break
        members.append(trailer.name)
    for length in range(len(members), 0, -1):
        found, value = frame.environment.find(".".join([base.text, *members[:length]]))
        if isinstance(value, Invalid):
            raise Failed
        if found:
            return value, length
    return None, 0


def need_value(frame: Frame, value: Meaning, node: Placed) -> None:
    """Check that a value is no layer that a name holds."""
    if isinstance(value, (Partial, Function)) and value.held is not None:
        frame.fail(HoldsLayer(frame.span(node), value.held))


def need_no_layer(frame: Frame, arguments: Iterable[Argument]) -> None:
    """Check that no argument is a layer that is not applied to anything."""
    for argument in arguments:
        if isinstance(argument.value, (Partial, Function)):
            if argument.value.held is not None:
                frame.fail(HoldsLayer(argument.span, argument.value.held))
            way = f"apply it: (_ -> {argument.span.text})"
            frame.fail(WrongKind(argument.span, "a tensor or a number", kind(argument.value), way))


def labelled(frame: Frame, label: str, node: Placed) -> Tensor | Results:
    """The value of the step whose label a string spells: `"encoder.{i}".state`."""
    value = frame.environment.find(label)[1]
    if isinstance(value, Invalid):
        raise Failed
    if not isinstance(value, (Tensor, Results)):
        known = [name for name in frame.environment.known() if isinstance(frame.environment.find(name)[1], Tensor)]
        way = "where a value is needed, a string is the label of a step above"
        frame.fail(UnknownName(frame.span(node), label, nearest(label, known), way))
    return value


def is_built_in(name: str) -> bool:
    """Whether a name means a layer or a function of the language itself."""
    found = registry.find(name) or registry.find_construct(name) or registry.find_by("function", name)
    return found is not None or name in arithmetic.FUNCTIONS


def _unknown(frame: Frame, name: str, span: Span) -> UnknownName:
    if name in frame.environment.inside:
        way = "it ends with the group { } above: give the group its value as the last one, or bind it before the group"
        return UnknownName(span, name, None, way)
    functions = [*registry.words("function"), *arithmetic.FUNCTIONS]
    known = [name for name in frame.environment.known() if name.isidentifier()]
    others = [*frame.declarations.names, *registry.names()]
    close = nearest(name, [*known, *([] if name[:1].isupper() else functions), *others])
    rank = frame.flow.type.rank if isinstance(frame.flow, Tensor) else None
    advice = None if close and close.lower() == name.lower() and name[0] == close[0] else words.of_name(name, rank)
    return UnknownName(span, name, None if advice else close, advice or frame.around)
