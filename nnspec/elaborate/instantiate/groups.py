"""Groups `{ ... }`: modules of their own, which see the names around them."""

from __future__ import annotations

import re

from nnspec.elaborate.builder.emit import call_module
from nnspec.elaborate.builder.scope import Made, Scope
from nnspec.elaborate.builder.tensor import Invalid, Tensor, Value, flows, together
from nnspec.elaborate.frame import Environment, Failed, Frame, Placed
from nnspec.elaborate.instantiate.finish import finish
from nnspec.elaborate.mistakes import NoValue
from nnspec.syntax import tree as t


def group(frame: Frame, body: t.Body, label: str | None, node: Placed) -> Value:
    """Elaborate a group on what flows, and call it."""
    if frame.binding is not None and frame.flow is not None:
        frame.no_value(node, "a group")
    path = label or str(frame.scope.position)
    made, inputs = _make_group(frame, body, path, node)
    frame.scope.next_label()
    return call_module(frame, made, inputs, path, node)


def as_group(step: t.Step) -> t.Body:
    """A step as the body of a group."""
    start, end = step.start, step.end
    return t.Body(start, end, (t.Chain(start, end, (t.Item(start, end, None, step),)),))


def _make_group(frame: Frame, body: t.Body, path: str, node: Placed) -> tuple[Made, list[Tensor]]:
    """The module of a group, and its inputs in the scope around it."""
    if len(frame.shared.modules) >= frame.shared.limits.modules:
        frame.exceed(node, "the number of distinct modules", "modules")
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"(?a:[\W_]+)", path))
    scope = Scope(name if name[:1].isalpha() else f"Group{name}", "group", frame.scope)
    flow = frame.flow
    given = () if flow is None or isinstance(flow, Invalid) else flows(flow)
    flowing = [frame.scope.localise(tensor) for tensor in given]
    local = [scope.add_input(each.name, each.type, each.place, training=each.training) for each in flowing]
    inner = Frame(
        frame.shared, frame.declarations, scope, Environment(frame.environment), frame.chain,
        flow if isinstance(flow, Invalid) else together(local), None, frame.training, frame.given, frame.around,
    )  # fmt: skip
    flow = frame.shared.statements.run_body(inner, body)
    if scope.mistakes or isinstance(flow, Invalid):
        raise Failed
    if flow is None:
        frame.fail(NoValue(frame.span(node), "the end of this group"))
    frame.scope.doubts += scope.doubts
    frame.environment.inside |= inner.environment.names.keys()
    results = [scope.localise(tensor) for tensor in flows(flow)]
    scope.outputs = [("output" if len(results) == 1 else str(i), tensor) for i, tensor in enumerate(results)]
    key = frame.shared.modules.add(finish(inner, node, body))
    return scope.made(key), [*flowing, *scope.captures]
