"""`if` and `for`: which statements are run, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnspec.elaborate.builder.call import PendingCall
from nnspec.elaborate.builder.tensor import Flow
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.evaluate.expression import evaluate, number, truth
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.mistakes import SameTurn, WrongKind
from nnspec.elaborate.values import Meaning
from nnspec.layers.base import Layer
from nnspec.syntax import tree as t


def chosen(frame: Frame, node: t.If) -> t.Body | None:
    """The body of the first condition that holds."""
    return next((body for condition, body in node.branches if truth(frame, condition)), node.otherwise)


def turns(frame: Frame, node: t.For) -> Iterator[None]:
    """Bind the names of a `for` for each turn in order; after a turn with a mistake there is no further one.

    The names that shapes give to dimensions in a turn end with it: the next one may have others.
    """
    values: Sequence[Meaning]
    if node.last is not None:
        first, last = number(frame, node.first, "the first number"), number(frame, node.last, "the last number")
        values = range(first, last + 1)
    else:
        found = evaluate(frame, node.first)
        if not isinstance(found, tuple):
            frame.fail(WrongKind(frame.span(node.first), "a list or a range", kind(found), "write for i in 1..n"))
        values = found
    before, dimensions = frame.scope.mistakes, set(frame.environment.dimensions)
    for value in values:
        if frame.scope.mistakes > before:
            break
        frame.spend(node)
        if len(node.names) == 1:
            frame.define(node.names[0].text, value)
        elif isinstance(value, tuple) and len(value) == len(node.names):
            for name, each in zip(node.names, value, strict=True):
                frame.define(name.text, each)
        else:
            needed = f"a list of {len(node.names)} for each turn"
            frame.fail(WrongKind(frame.span(node.first), needed, describe(value)))
        yield
        frame.environment.forget_dimensions(dimensions)


def loop(frame: Frame, node: t.For) -> Flow:
    """Run the body of a `for` once a turn; one whose turns all compute the same is told of."""
    calls, flow = frame.scope.calls, frame.flow
    before: list[PendingCall] = []
    told = False
    for _ in turns(frame, node):
        first = len(calls)
        flow = frame.shared.statements.run_body(frame.with_flow(flow), node.body)
        made = calls[first:]
        if not told and made and _are_repeated(before, made):
            told = True
            frame.report(SameTurn(frame.span(node.body.statements[0])))
        before = made
    return flow


def _are_repeated(before: list[PendingCall], calls: list[PendingCall]) -> bool:
    """Whether these calls compute again what those before did, from the same values."""
    if [call.callee for call in before] != [call.callee for call in calls] or any(map(_makes_something, calls)):
        return False
    made = {old: new for one, other in zip(before, calls, strict=True)
            for old, new in zip(one.outputs, other.outputs, strict=False)}  # fmt: skip
    inputs = [tuple(None if wire is None else made.get(wire, wire) for wire in call.inputs) for call in before]
    return inputs == [call.inputs for call in calls]


def _makes_something(call: PendingCall) -> bool:
    """Whether a call builds something that has a name, or is another one each time."""
    if call.shared or not isinstance(call.callee, Layer):
        return not call.shared
    owns = call.callee.random or call.callee.weights(*call.input_types)
    return bool(owns) or not (call.label or "0").isdecimal()
