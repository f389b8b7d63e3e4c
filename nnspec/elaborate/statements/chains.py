"""Chains: `a -> b -> c`, each step by its kind. A new kind of step has its case in `_item`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from nnspec.elaborate.builder.tensor import INVALID, ByName, Invalid, Results, Several, Tensor, flows
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.calls import call_function
from nnspec.elaborate.evaluate.expression import evaluate_step, text
from nnspec.elaborate.evaluate.names import labelled, need_value
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
from nnspec.elaborate.values import Argument, Function, Known, Meaning, Partial, as_arguments, holds_tensor, is_number
from nnspec.syntax import tree as t
from nnspec.syntax.walk import names_in

Named = Mapping[str, ByName]  # what flows and is meant for an input by its name


class Ran(NamedTuple):
    """The value of a step or chain, and whether its start takes what flows, without a word for it."""

    value: Tensor | Several | Invalid
    took: bool


def chain_value(frame: Frame, node: t.Chain) -> Tensor | Several | Invalid:
    """The value at the end of a chain that begins with what flows.

    At the start of a binding nothing does; so it is at the start of every chain inside its first step.
    """
    return run_chain(frame, node).value


def run_chain(frame: Frame, node: t.Chain) -> Ran:
    """The value at the end of a chain, and whether its first step takes what flows."""
    ran = _run_item(frame, node.items[0], first=True)
    took = ran.took
    for item in node.items[1:]:
        ran = _run_item(frame.with_flow(ran.value), item, first=False)
    if isinstance(ran.value, Several) and ran.value.named:
        frame.fail(misplaced_names(frame, node.items[-1]))
    return Ran(ran.value, took)


def held_value(frame: Frame, item: t.Item, step: t.Expression) -> Known:
    """The meaning of a name that is bound to an expression: a value, or a layer that waits for its input."""
    value = _held(frame, item, step)
    frame.tell(item, value)
    return value


def _held(frame: Frame, item: t.Item, step: t.Expression) -> Known:
    value, took = evaluate_step(frame, step)
    if isinstance(value, Partial) and not (_needs_nothing(value) or holds_tensor(value)):
        return value
    if isinstance(value, Several) and value.named:
        frame.fail(misplaced_names(frame, step))
    if isinstance(value, Partial):
        return _expression(frame, item, step, value, took, None, {}, first=True).value
    return value


def need_step(frame: Frame, chain: t.Chain) -> None:
    """Check that a line is more than the label of a step: that is its value, and reads like applying it again."""
    step = chain.items[0].step
    if len(chain.items) > 1 or chain.items[0].label is not None or not isinstance(step, (t.Name, t.Postfix, t.Text)):
        return
    try:
        name = text(frame, step) if isinstance(step, t.Text) else "".join(frame.span(step).text.split())
    except Failed:
        return  # which is told when the line is run
    value = frame.environment.find(name)[1]
    applied = value.step if isinstance(value, (Tensor, Results)) and frame.flow is not None else None
    if applied is not None and applied.label == name and applied.call.inputs:
        frame.report(LoneLabel(frame.span(step), name))
        frame.scope.mistakes += 1


def _run_item(frame: Frame, item: t.Item, *, first: bool) -> Ran:
    """The value of an item, which its label means; INVALID if it is wrong."""
    label = None
    try:
        if item.label is not None:
            label = new_label(frame, item.label)
        ran = _item(frame, item, label, first=first)
    except Failed:
        frame.scope.mistakes += 1
        ran = Ran(INVALID, took=True)
    frame.tell(item, ran.value)
    if label is not None:
        frame.define(label, ran.value)
        if isinstance(ran.value, Tensor):
            ran.value.wire.named = True
    return ran


def _item(frame: Frame, item: t.Item, label: str | None, *, first: bool) -> Ran:
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
            return Ran(group(frame, step, label, item), took=True)
        case t.Repeat() | t.Residual() | t.Merge() if label is not None:
            return Ran(group(frame, as_group(step), label, item), took=True)
        case t.Repeat():
            return Ran(repeat(frame, step, named), took=True)
        case t.Residual():
            return Ran(residual(frame, step), took=True)
        case t.Merge():
            return Ran(merge(frame, step), took=True)
        case t.Scan():
            return Ran(scan(frame, step, item, label), took=not item.given)
        case t.ListOf():
            return Ran(shape_step(frame, step), took=True)
    value, took = evaluate_step(frame, step)
    return _expression(frame, item, step, value, took, label, named, first=first)


def _expression(
    frame: Frame,
    item: t.Item,
    step: t.Expression,
    value: Meaning,
    took: bool,
    label: str | None,
    named: Named,
    *,
    first: bool,
) -> Ran:
    """The value of a step that is an expression: a layer or block applied, a function, a label applied again."""
    if first and label is None:
        need_value(frame, value, step)
    if isinstance(value, Partial):
        for name, argument in named.items():
            if name in value.named:
                frame.fail(RepeatedArgument(argument.name_span, value.name, name))
        partial = value.given(named)
        inputs = _inputs_for(frame, partial, first, item)
        return Ran(apply(frame, partial, inputs, label, item), took=inputs is None or len(inputs) > 0)
    if isinstance(value, Function):
        incoming = Argument(frame.incoming(step, value.name), frame.span(step), None)
        value, took = call_function(frame, value, (incoming,), as_arguments(named), step)[0], True
        named = {}
    value = _of_network(frame, value, step)
    if not first and not took and "_" not in names_in(step):
        again = value.step if isinstance(value, (Tensor, Results)) else None
        if again is None or not isinstance(value, (Tensor, Results)):
            found = "a value that does not use what flows to it"
            frame.fail(Misplaced(frame.span(step), found, "write `_` for the value that flows"))
        if label is not None:
            what = "a label before a module that has one"
            frame.fail(Misplaced(frame.span(item), what, "bind it: name = chain"))
        return Ran(apply_again(frame, value, again, named, item), took=True)
    if named:
        frame.fail(misplaced_names(frame, step))
    return Ran(value, took)


def _of_network(frame: Frame, value: Meaning, step: t.Expression) -> Tensor | Several:
    """A value that may flow: of the network; a list of tensors, too, and the label of a step as a string."""
    if isinstance(value, str):
        return labelled(frame, value, step)
    if isinstance(value, (Tensor, Several)):
        return value
    tensors = [each for each in value if isinstance(each, Tensor)] if isinstance(value, tuple) else []
    if isinstance(value, tuple) and len(tensors) == len(value):
        return Several(tensors)
    advice = "a step is a layer, a block or a value; a list of numbers is written [a, b]" if is_number(value) else None
    frame.fail(WrongKind(frame.span(step), "a step or a value of the network", kind(value), advice))


def _needs_nothing(partial: Partial) -> bool:
    """Whether a layer or block is complete at the head of a chain: all that it needs is among its arguments."""
    callee = partial.callee
    return (isinstance(callee, type) and not callee.inputs) or partial.takes_nothing_more()


def _inputs_for(frame: Frame, partial: Partial, first: bool, node: t.Item) -> Several | None:
    """The values that flow into a layer or block; none at the head of a chain if it needs none."""
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
