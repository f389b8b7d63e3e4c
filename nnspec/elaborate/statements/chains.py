"""Chains: `a -> b -> c`, each step by its kind. A new kind of step has its case in `_item`."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.elaborate.builder.tensor import INVALID, Invalid, Results, Several, Tensor, flows
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.calls import call_function
from nnspec.elaborate.evaluate.expression import evaluate_step
from nnspec.elaborate.evaluate.shapes import shape_step
from nnspec.elaborate.evaluate.tuples import misplaced_names
from nnspec.elaborate.frame import Failed, Frame
from nnspec.elaborate.instantiate.apply import apply, apply_again
from nnspec.elaborate.instantiate.groups import as_group, group
from nnspec.elaborate.instantiate.repeat import repeat
from nnspec.elaborate.instantiate.scan import scan
from nnspec.elaborate.mistakes import LoneLabel, Misplaced, RepeatedArgument, WrongKind
from nnspec.elaborate.statements.labels import new_label
from nnspec.elaborate.statements.merges import merge, residual
from nnspec.elaborate.values import Argument, Function, Meaning, Partial, is_number
from nnspec.syntax import tree as t

Named = Mapping[str, Argument]  # what flows and is meant for an input by its name


def chain_value(frame: Frame, node: t.Chain) -> Tensor | Several | Invalid:
    """The value at the end of a chain that begins with what flows.

    At the start of a binding nothing does; so it is at the start of every chain inside its first step.
    """
    value: Tensor | Several | Invalid = INVALID
    for index, item in enumerate(node.items):
        value = _item_value(frame, item, first=index == 0)
        frame = frame.with_flow(value)
    if isinstance(value, Several) and value.named:
        frame.fail(misplaced_names(frame, node.items[-1]))
    return value


def need_step(frame: Frame, chain: t.Chain) -> None:
    """Check that a line is more than the label of a step: that is its value, and reads like applying it again."""
    step = chain.items[0].step
    if len(chain.items) > 1 or chain.items[0].label is not None or not isinstance(step, (t.Name, t.Postfix)):
        return
    name = "".join(frame.span(step).text.split())
    value = frame.environment.find(name)[1]
    applied = value.step if isinstance(value, (Tensor, Results)) and frame.flow is not None else None
    if applied is not None and applied.label == name and applied.call.inputs:
        frame.report(LoneLabel(frame.span(step), name))
        frame.scope.mistakes += 1


def _item_value(frame: Frame, item: t.Item, *, first: bool) -> Tensor | Several | Invalid:
    """The value of an item, which its label means; INVALID if it is wrong."""
    label = None
    try:
        if item.label is not None:
            label = new_label(frame, item.label)
        value = _item(frame, item, label, first=first)
    except Failed:
        frame.scope.mistakes += 1
        value = INVALID
    if label is not None:
        frame.define(label, value)
        if isinstance(value, Tensor):
            value.wire.named = True
    return value


def _item(frame: Frame, item: t.Item, label: str | None, *, first: bool) -> Tensor | Several | Invalid:
    step = item.step
    named: Named = {}
    if isinstance(frame.flow, Several) and frame.flow.named:
        named = frame.flow.named
        plain = frame.flow[0] if len(frame.flow) == 1 else Several(frame.flow)
        frame = frame.with_flow(plain, frame.binding)
        if isinstance(step, (t.Body, t.Scan, t.Residual, t.Merge, t.ListOf)):
            frame.fail(misplaced_names(frame, step))
    match step:
        case t.Body():
            return group(frame, step, label, item)
        case t.Repeat() | t.Residual() | t.Merge() if label is not None:
            return group(frame, as_group(step), label, item)
        case t.Repeat():
            return repeat(frame, step, named)
        case t.Residual():
            return residual(frame, step)
        case t.Merge():
            return merge(frame, step)
        case t.Scan():
            return scan(frame, step, item, label)
        case t.ListOf():
            return shape_step(frame, step)
    return _expression(frame, item, step, label, named, first=first)


def _expression(
    frame: Frame, item: t.Item, step: t.Expression, label: str | None, named: Named, *, first: bool
) -> Tensor | Several:
    """The value of a step that is an expression: a layer or block applied, a function, a label applied again."""
    value, took = evaluate_step(frame, step)
    if isinstance(value, Partial):
        for name, argument in named.items():
            if name in value.named:
                frame.fail(RepeatedArgument(argument.name_span or argument.span, value.name, name))
        partial = value.given(named)
        return apply(frame, partial, _inputs_for(frame, partial, first, item), label, item)
    if isinstance(value, Function):
        incoming = Argument(frame.incoming(step, value.name), frame.span(step), None)
        value, took = call_function(frame, value, (incoming,), dict(named), step)[0], True
        named = {}
    value = _of_network(frame, value, step)
    if not first and not took and not _mentions_flow(step):
        again = value.step if isinstance(value, (Tensor, Results)) else None
        if again is None or not isinstance(value, (Tensor, Results)):
            found = "a value that does not use what flows to it"
            frame.fail(Misplaced(frame.span(step), found, "write `_` for the value that flows"))
        if label is not None:
            what = "a label before a module that has one"
            frame.fail(Misplaced(frame.span(item), what, "bind it: name = chain"))
        return apply_again(frame, value, again, named, item)
    if named:
        frame.fail(misplaced_names(frame, step))
    return value


def _of_network(frame: Frame, value: Meaning, step: t.Expression) -> Tensor | Several:
    """A value that may flow: of the network; a list of tensors, too."""
    if isinstance(value, (Tensor, Several)):
        return value
    tensors = [each for each in value if isinstance(each, Tensor)] if isinstance(value, tuple) else []
    if isinstance(value, tuple) and len(tensors) == len(value):
        return Several(tensors)
    advice = "a step is a layer, a block or a value; a list of numbers is written [a, b]"
    if frame.binding is not None:
        name = frame.binding.names[0].text
        advice = f"a name for it is made with `let`: let {name} = {frame.span(step).text}"
    shown = advice if frame.binding is not None or is_number(value) else None
    frame.fail(WrongKind(frame.span(step), "a step or a value of the network", kind(value), shown))


def _inputs_for(frame: Frame, partial: Partial, first: bool, node: t.Item) -> Several | None:
    """What flows into a layer or block; nothing at the head of a chain if it needs nothing."""
    callee, flow = partial.callee, frame.flow
    if isinstance(callee, type) and not callee.inputs and (first or not callee.optional_inputs):
        return Several()
    if isinstance(flow, Invalid):
        return None
    if first and partial.takes_nothing_more():
        return Several()
    if frame.binding is not None and flow is not None:
        if not any(isinstance(argument.value, Tensor) for argument in partial.arguments):
            frame.no_value(node, partial.name)
        return Several()  # its inputs are all among its arguments
    return Several() if flow is None else flows(flow)


def _mentions_flow(node: object) -> bool:
    """Whether `_` stands in an expression."""
    if isinstance(node, t.Name):
        return node.text == "_"
    if isinstance(node, t.Node):
        return any(_mentions_flow(getattr(node, name)) for name in node.record_fields[2:])
    return isinstance(node, tuple) and any(map(_mentions_flow, node))
