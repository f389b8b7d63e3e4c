"""Bodies from the first line to the last: the value that flows goes into each statement, and comes out.

A new kind of statement has its case in `_run`.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.diagnostics import Sink
from nnspec.elaborate.builder.tensor import INVALID, Flow, Invalid
from nnspec.elaborate.frame import Elaboration, Failed, Frame, Statements
from nnspec.elaborate.mistakes import Misplaced
from nnspec.elaborate.statements.bindings import bind
from nnspec.elaborate.statements.chains import chain_value, need_step
from nnspec.elaborate.statements.declarations import declare_input, declare_output, order, rename, require
from nnspec.elaborate.statements.loops import chosen, loop
from nnspec.limits import Limits
from nnspec.syntax import tree as t


def begin(sink: Sink, limits: Limits) -> Elaboration:
    """A new elaboration."""
    return Elaboration(sink, limits, Statements(chain_value, run, run_body))


def run_body(frame: Frame, body: t.Body) -> Flow:
    """Every statement; one that is wrong leaves INVALID behind and does not stop the others."""
    for statement in body.statements:
        if isinstance(statement, t.Chain):
            need_step(frame, statement)
        frame = frame.with_flow(run(frame, statement))
    return frame.flow


def run(frame: Frame, statement: t.Statement) -> Flow:
    """One statement: what flows behind it."""
    frame.spend(statement)
    try:
        return _run(frame, statement)
    except Failed:
        return poison(frame, statement)


def _run(frame: Frame, statement: t.Statement) -> Flow:
    match statement:
        case t.Chain():
            value = chain_value(frame, statement)
            return poison(frame, statement) if isinstance(value, Invalid) else value
        case t.Bind():
            bind(frame, statement)
        case t.Input():
            tensor = declare_input(frame, statement)
            frame.tell(statement, tensor)
            return tensor if frame.flow is None else frame.flow
        case t.Output():
            return declare_output(frame, statement)
        case t.If():
            body = chosen(frame, statement)
            return frame.flow if body is None else run_body(frame, body)
        case t.For():
            return loop(frame, statement)
        case t.Training():
            run_body(frame.replace(training=True), statement.body)
        case t.Require():
            require(frame, statement)
        case t.Order():
            order(frame, statement)
        case t.Rename():
            rename(frame, statement)
        case t.Phase():
            frame.fail(Misplaced(frame.span(statement), "`phase`", "phases belong into a `train` block"))
    return frame.flow


def poison(frame: Frame, statement: t.Statement) -> Flow:
    """Make names that a wrong statement would have defined INVALID, and the flow behind it: they tell no more."""
    frame.scope.mistakes += 1
    for name in _defined(statement):
        frame.poison(name)
    first = isinstance(statement, t.Input) and frame.flow is None
    return INVALID if first or isinstance(statement, (t.Chain, t.If, t.For)) else frame.flow


def _defined(node: object) -> Iterator[str]:
    """The names that a statement defines in its body."""
    match node:
        case t.Bind():
            yield from (name.text for name in node.names)
            yield from _defined(node.chain)
        case t.Input() | t.Output():
            yield node.name.text
        case t.Item():
            if isinstance(node.label, t.Identifier):
                yield node.label.text
            if isinstance(node.step, t.ListOf):  # a shape: the dimensions that it names
                yield from (item.text for item in node.step.items if isinstance(item, t.Name))
            yield from _defined(node.step)
        case t.Body() | t.Chain() | t.If() | t.For() | t.Residual() | t.Merge() | t.Training() | tuple():
            fields = node if isinstance(node, tuple) else [getattr(node, name) for name in node.record_fields[2:]]
            for field in fields:
                yield from _defined(field)
