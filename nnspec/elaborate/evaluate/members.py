"""Members behind a dot: results of a step by name, its weights, and values inside it."""

from __future__ import annotations

from nnspec.diagnostics import Span, nearest
from nnspec.elaborate import words
from nnspec.elaborate.builder import interior
from nnspec.elaborate.builder.call import PendingCall
from nnspec.elaborate.builder.tensor import Results, Step, Tensor, Value, WeightReference
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.names import labelled, need_value
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import Unreached, WrongKind
from nnspec.elaborate.values import Meaning
from nnspec.layers import registry
from nnspec.syntax import tree as t


def member(frame: Frame, value: Meaning, members: list[t.Member], node: t.Postfix) -> Tensor | WeightReference:
    """`value.a.b`: a result of a step by name, a weight of it, or a value inside it."""
    path = [member.name for member in members]
    if isinstance(value, str):
        value = labelled(frame, value, node.base)
    need_value(frame, value, node.base)
    if not isinstance(value, (Tensor, Results)):
        frame.fail(WrongKind(frame.span(node.base), "a value of the network before `.`", kind(value)))
    if len(path) == 1 and path[0] in value.members:
        return value.members[path[0]]
    step = value.step
    if step is None:
        name = frame.span(node.base).text
        way = words.of_member(path[0], name, registry.words("function"))
        frame.fail(Unreached(frame.span(members[0]), ".".join(path), name, None, tuple(value.members), way))
    shape = _weight_shape(frame, step.call, path)
    if shape is not None:
        step.call.tied = True
        return WeightReference(value.scope, ".".join([step.label, *path]), shape)
    try:
        return _reach(frame, value, step, path)
    except interior.NotInside as problem:
        names = (*value.members, *problem.known)
        close = nearest(path[-1], names)
        span = Span(frame.declarations.source, members[0].start + 1, members[-1].end)
        way = words.of_member(path[-1], frame.span(node.base).text, registry.words("function"))
        frame.fail(Unreached(span, ".".join(path), step.label, close, names, None if close else way))


def _weight_shape(frame: Frame, call: PendingCall, path: list[str]) -> tuple[int, ...] | None:
    if isinstance(call.callee, str):
        return interior.weight_shape(frame.shared.modules, call.callee, path)
    return interior.layer_weight(call.callee, call.input_types, ".".join(path))


def _reach(frame: Frame, value: Value, step: Step, path: list[str]) -> Tensor:
    """The value at a path inside a step, as a further result of its call."""
    call, scope = step.call, value.scope
    if not isinstance(call.callee, str) or call.count > 1 or call.scan:
        raise interior.NotInside(path, ())
    call.callee, index = interior.reach(frame.shared.modules, call.callee, path)
    call.reached_into = True
    module = frame.shared.modules[call.callee]
    for port in module.outputs[len(call.outputs) :]:
        call.outputs.append(scope.wire(f"{step.label}.{port.name}", module.values[port.value]))
    return Tensor(scope, call.outputs[index], training=call.training, place=value.place)
