"""`count x step`: a chain of applications; from where the type stays, one call for all that remain."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.elaborate.builder.tensor import ByName, Results, Several, Tensor, Value, flows
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.expression import evaluate, number
from nnspec.elaborate.evaluate.names import labelled
from nnspec.elaborate.evaluate.tuples import misplaced_names
from nnspec.elaborate.evaluate.written import written
from nnspec.elaborate.frame import Frame
from nnspec.elaborate.instantiate.apply import apply, apply_again
from nnspec.elaborate.instantiate.groups import as_group, group
from nnspec.elaborate.mistakes import BadOperation, WrongKind
from nnspec.elaborate.values import Partial
from nnspec.syntax import tree as t


def repeat(frame: Frame, node: t.Repeat, named: Mapping[str, ByName]) -> Tensor | Several:
    """Apply a step several times in a row."""
    count = number(frame, node.count, "a number of repetitions")
    if count < 0:
        frame.fail(BadOperation(frame.span(node.count), f"a step cannot be repeated {count} times"))
    flow = value = frame.incoming(node, "a repeated step")
    times = written(frame, node.count)
    while count > 0:
        made, done = _apply_once(frame.with_flow(flow), node.step, named, count, times)
        inputs = flows(flow)
        results = made if isinstance(made, Results) else tuple(made.members.values()) or (made,)
        value = made
        flow = made if len(inputs) == 1 else Several((*results, *inputs[len(results) :]))
        count -= done
        times = f"{times} - 1" if times else ""
    return value


def _apply_once(frame: Frame, step: t.Step, named: Mapping[str, ByName], count: int, times: str) -> tuple[Value, int]:
    """One application, or all `count` of them, written as `times`, if the first leaves the types as they are."""
    if isinstance(step, (t.Body, t.Residual, t.Merge)):
        if named:
            frame.fail(misplaced_names(frame, step))
        value = group(frame, step if isinstance(step, t.Body) else as_group(step), None, step)
    else:
        assert not isinstance(step, (t.Repeat, t.Scan)), "the grammar has none behind `x`"
        found = evaluate(frame, step)
        if isinstance(found, str):
            found = labelled(frame, found, step)
        if isinstance(found, (Tensor, Results)) and found.step is not None:  # a label: the same weights each time
            return apply_again(frame, found, found.step, named, step), 1
        if not isinstance(found, Partial):
            frame.fail(WrongKind(frame.span(step), "a step after `x`", kind(found)))
        assert frame.flow is not None
        value = apply(frame, found.given(named), flows(frame.incoming(step)), None, step)
    assert value.step is not None, "what is applied for the first time is a step"
    call, scope = value.step.call, frame.scope
    keeps = [wire.type for wire in call.outputs] == call.input_types[: len(call.outputs)]
    # a step that ties a weight must not be folded: each application has its own path in the tie
    if not keeps or count == 1 or any(tie.parameter.startswith(f"{call.label}.") for tie in scope.ties):
        return value, 1
    scope.repeat(call, count, times)
    return value, count
