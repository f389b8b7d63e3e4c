"""`name = ...`: a name for a number, a text, a list, a layer, or a value of the network."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.elaborate.builder import interior
from nnspec.elaborate.builder.call import PendingCall
from nnspec.elaborate.builder.tensor import Invalid, Several, Tensor
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.evaluate.names import global_meaning
from nnspec.elaborate.evaluate.written import written
from nnspec.elaborate.frame import Failed, Frame
from nnspec.elaborate.mistakes import NeverApplied, UnusedValue, WrongInputs
from nnspec.elaborate.statements.chains import chain_value, held_value
from nnspec.elaborate.values import Function, Known, Meaning, Partial, is_number
from nnspec.syntax import tree as t


def bind(frame: Frame, node: t.Bind) -> None:
    """`name = ...`, or `a, b = chain` for several results."""
    before, calls = len(frame.scope.wires), len(frame.scope.calls)
    meant = [frame.environment.names.get(name.text) for name in node.names]
    value = _value(frame.with_flow(frame.flow, node), node)
    if isinstance(value, Invalid):
        raise Failed
    values: Sequence[Meaning] = (value,)
    if len(node.names) > 1:
        assert isinstance(value, (Tensor, Several)), "several names are those of the results of a chain"
        values = value if isinstance(value, Several) else tuple(value.members.values()) or (value,)
        if len(values) != len(node.names):
            count = len(values)
            advice = f"write {count} name{'s' if count != 1 else ''} before `=`"
            needed = f"{len(node.names)} results"
            frame.fail(WrongInputs(frame.span(node.chain), "this line", needed, count, advice))
    for name, each, old in zip(node.names, values, meant, strict=True):
        frame.bind(name, each, old, _text(frame, node, each))
        if isinstance(each, Tensor) and each.scope is frame.scope:
            frame.scope.rename(each.wire, name.text, before)

    _doubt_unused(frame, node, frame.scope.calls[calls:])


def _text(frame: Frame, node: t.Bind, value: Meaning) -> str:
    """The text of a number that follows from parameters."""
    alone = is_number(value) and len(node.chain.items) == 1 and node.chain.items[0].label is None
    return written(frame, node.chain.items[0].step) if alone else ""


def _doubt_unused(frame: Frame, node: t.Bind, made: Sequence[PendingCall]) -> None:
    """Tell of a value that nothing uses; where there are weights in what computes it, ir/idle.py tells of these."""
    unused = made and len(node.names) == 1 and node.start in frame.declarations.unused
    if unused and not any(_owns_weights(frame, call) for call in made):
        frame.scope.doubts.append(UnusedValue(frame.span(node.names[0]), node.names[0].text))


def _owns_weights(frame: Frame, call: PendingCall) -> bool:
    """Whether there are weights in what a call applies."""
    if isinstance(call.callee, str):
        return bool(interior.weights_below(frame.shared.modules, call.callee))
    return bool(call.callee.weights(*call.input_types))


def _value(frame: Frame, node: t.Bind) -> Known:
    """The meaning of the names; a layer that waits for its input is held by its name."""
    chain, item = node.chain, node.chain.items[0]
    alone = len(chain.items) == len(node.names) == 1 and item.label is None
    if not alone or isinstance(item.step, (t.Body, t.Repeat, t.Scan, t.Residual, t.Merge)):
        return chain_value(frame, chain)
    if _owns_weight(frame, item.step):  # the name is its label, too
        return chain_value(frame, t.Chain(chain.start, chain.end, (item.replace(label=node.names[0]),)))
    value = held_value(frame, item, item.step)
    if not isinstance(value, (Partial, Function)):
        return value
    if node.start in frame.declarations.unused:
        frame.fail(NeverApplied(frame.span(node.names[0]), *frame.ways_out(node)))
    held = frame.span(node)
    if isinstance(value, Partial):
        return Partial(value.callee, value.positional, value.named, value.function, held)
    return Function(value.name, value.layer, held)


def _owns_weight(frame: Frame, step: t.Step) -> bool:
    """Whether a step is a layer that needs no input: its weight is the scope's own."""
    base = step.base if isinstance(step, t.Postfix) else step
    if not isinstance(base, t.Name) or frame.environment.find(base.text)[0]:
        return False
    value = global_meaning(frame, base.text)
    if not isinstance(value, Partial) or isinstance(value.callee, BlockDefinition):
        return False
    return not (value.callee.inputs or value.callee.optional_inputs or value.callee.random)
