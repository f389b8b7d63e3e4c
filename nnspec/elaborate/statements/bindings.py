"""`name = chain`: a name for a value, which keeps it in the program."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.elaborate.builder.tensor import Invalid, Several, Tensor
from nnspec.elaborate.evaluate.names import global_meaning
from nnspec.elaborate.frame import Failed, Frame
from nnspec.elaborate.mistakes import WrongInputs
from nnspec.elaborate.statements.chains import chain_value
from nnspec.elaborate.values import BlockDefinition, Partial
from nnspec.syntax import tree as t


def bind(frame: Frame, node: t.Bind) -> None:
    """`name = chain`, or `a, b = chain` for several results."""
    before = len(frame.scope.wires)
    value = chain_value(frame.with_flow(frame.flow, node), _with_label(frame, node))
    if isinstance(value, Invalid):
        raise Failed
    values: Sequence[Tensor | Several] = (value,)
    if len(node.names) > 1:
        values = value if isinstance(value, Several) else tuple(value.members.values()) or (value,)
        if len(values) != len(node.names):
            count = len(values)
            advice = f"write {count} name{'s' if count != 1 else ''} before `=`"
            needed = f"{len(node.names)} results"
            frame.fail(WrongInputs(frame.span(node.chain), "this line", needed, count, advice))
    for name, each in zip(node.names, values, strict=True):
        frame.define(name.text, each)
        if isinstance(each, Tensor) and each.scope is frame.scope:
            frame.scope.rename(each.wire, name.text, before)


def _with_label(frame: Frame, node: t.Bind) -> t.Chain:
    """The chain; a weight of the scope's own takes the name that it is bound to as its label."""
    chain, item = node.chain, node.chain.items[0]
    if len(chain.items) > 1 or len(node.names) > 1 or item.label is not None or not _owns_weight(frame, item.step):
        return chain
    return t.Chain(chain.start, chain.end, (t.Item(item.start, item.end, node.names[0], item.step),))


def _owns_weight(frame: Frame, step: t.Step) -> bool:
    """Whether a step is a layer that needs no input: its weight is the scope's own."""
    base = step.base if isinstance(step, t.Postfix) else step
    if not isinstance(base, t.Name) or frame.environment.find(base.text)[0]:
        return False
    value = global_meaning(frame, base.text)
    if not isinstance(value, Partial) or isinstance(value.callee, BlockDefinition):
        return False
    return not (value.callee.inputs or value.callee.optional_inputs or value.callee.random)
