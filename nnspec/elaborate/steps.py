"""Chains: `a -> b -> c`, each step by its kind."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from nnspec.elaborate.arithmetic import LENGTH, is_number
from nnspec.elaborate.expressions import DEEPEST
from nnspec.elaborate.frame import Failed
from nnspec.elaborate.groups import ends
from nnspec.elaborate.merges import Merges
from nnspec.elaborate.mistakes import (
    AlreadyDeclared,
    Misplaced,
    RepeatedArgument,
    WrongKind,
)
from nnspec.elaborate.scope import flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    Function,
    Partial,
    Several,
    Tensor,
    Value,
    kind,
)
from nnspec.syntax import tree as t

_UNUSABLE = frozenset({"training", "_is_full_backward_hook", "_compiled_call_impl"})  # set by nn.Module at any time
_LABEL = r"(?a:[A-Za-z_]\w*(\.\w+)*|\d+(\.\w+)*)"


class Steps(Merges):
    """Runs chains; every application of a layer or block becomes a call of the scope."""

    @abstractmethod
    def scan(self, node: t.Scan, label: str | None, item: t.Item) -> Value:
        """`scan Step(...)`; scan.py does it."""

    def chain_value(self, node: t.Chain, binding: t.Bind | None = None) -> Any:
        """The value at the end of a chain that begins with the current flow; the flow itself stays.

        The chain of a binding begins with a value; so does, inside that value, every chain.
        """
        before = self.flow, self.binding
        self.binding = binding or self.binding
        try:
            for index, item in enumerate(node.items):
                self.flow = self._item_value(item, first=index == 0)
                self.binding = None
            if isinstance(self.flow, Several) and self.flow.named:
                self.fail(self.misplaced_names(node.items[-1]))
            return self.flow
        finally:
            self.flow, self.binding = before

    def _item_value(self, item: t.Item, *, first: bool) -> Any:
        """The value of an item; INVALID, with its label, if it is wrong."""
        label = None
        try:
            label = self._label(item.label)
            return self._item(item, label, first=first)
        except Failed:
            if label is not None:
                self.environment.names[label] = INVALID
            self.failed = True
            return INVALID

    def _item(self, item: t.Item, label: str | None, *, first: bool) -> Any:
        step = item.step
        named = self._inputs_by_name()
        if named and isinstance(step, (t.Body, t.Scan, t.Residual, t.Merge, t.ListOf)):
            self.fail(self.misplaced_names(step))
        if isinstance(step, (t.Residual, t.Merge, t.Repeat)) and label is not None:
            body = t.Body(step.start, step.end, (t.Chain(step.start, step.end, (t.Item(*ends(step), None, step),)),))
            return self.group(body, label, item)
        match step:
            case t.Body():
                return self.group(step, label, item)
            case t.Repeat():
                return self.repeat(step, named)
            case t.Scan():
                return self.scan(step, label, item)
            case t.Residual():
                return self.residual(step)
            case t.Merge():
                return self.merge(step)
            case t.ListOf():
                return self.match_shape(step)
        self.step = step
        value = self.evaluate(step)
        if isinstance(value, Partial):
            self._need_new(value, named)
            value = value.given(named)
            return self.apply(value, self._inputs_for(value, first, item), label, item)
        if isinstance(value, Function):
            return self.call_function(
                value, (Argument(self.incoming(step, value.name), self.span(step)),), dict(named), step
            )
        if isinstance(value, tuple) and not isinstance(value, Several) and all(isinstance(v, Tensor) for v in value):
            value = Several(value)
        if not isinstance(value, (Tensor, Several)):
            advice = (
                "a step is a layer, a block or a value; a list of numbers is written [a, b]"
                if is_number(value)
                else None
            )
            if self.binding is not None:
                name = self.binding.names[0].text
                advice = f"a name for it is made with `let`: let {name} = {self.span(step).text}"
            self.fail(WrongKind(self.span(step), "a step or a value of the network", kind(value), advice))
        if not first and self.step is not None and not _mentions_flow(step):
            if isinstance(value, Value) and value.step is not None:
                return self.apply_again(value, label, item, named)
            self.fail(
                Misplaced(
                    self.span(step), "a value that does not use what flows to it", "write `_` for the value that flows"
                )
            )
        if named:
            self.fail(self.misplaced_names(step))
        if label is not None and isinstance(value, Value):
            self.environment.names[label] = value
        return value

    def _inputs_by_name(self) -> Mapping[str, Argument]:
        """The values that flow and are meant for an input by its name; the others go on flowing."""
        if not isinstance(self.flow, Several) or not self.flow.named:
            return {}
        named = self.flow.named
        self.flow = self.flow[0] if len(self.flow) == 1 else Several(self.flow)
        return named

    def _need_new(self, partial: Partial, named: Mapping[str, Argument]) -> None:
        """Check that no input that flows by name is an argument already."""
        for name, argument in named.items():
            if name in partial.named:
                self.fail(RepeatedArgument(argument.name_span or argument.span, partial.name, name))

    def _label(self, node: t.Identifier | t.Text | None) -> str | None:
        if node is None:
            return None
        label = self._text(node) if isinstance(node, t.Text) else node.text
        if not re.fullmatch(_LABEL, label) or label == "_":
            self.fail(Misplaced(self.span(node), "this label", "a label is a name, a dotted path or a string of them"))
        if label.count(".") > DEEPEST or len(label) > LENGTH:
            advice = f"write at most {DEEPEST} dots and {LENGTH:,} letters"
            self.fail(Misplaced(self.span(node), "so long a label", advice))
        if not _UNUSABLE.isdisjoint(label.split(".")):
            advice = "an nn.Module keeps something of its own under this name; choose another"
            self.fail(Misplaced(self.span(node), f"the label `{label}`", advice))
        clash = self.scope.clash(label)
        if clash is not None:
            self.fail(AlreadyDeclared(self.span(node), label, clash.span, True))
        return label

    def _inputs_for(self, partial: Partial, first: bool, node: t.Item) -> Several | None:
        """What flows into a layer or block; nothing at the head of a chain if it needs nothing."""
        callee = partial.callee
        if isinstance(callee, type) and not callee.inputs and (first or not callee.optional_inputs):
            return Several()
        if self.flow is INVALID:
            return None
        if first and partial.takes_nothing_more():
            return Several()
        if self.binding is not None and self.flow is not None:
            if not any(isinstance(argument.value, Tensor) for argument in partial.arguments):
                self.no_value(node, partial.name)
            return Several()  # its inputs are all among its arguments
        return Several() if self.flow is None else flows(self.flow)


def _mentions_flow(node: Any) -> bool:
    """Whether `_` stands in an expression."""
    if isinstance(node, t.Name):
        return node.text == "_"
    if isinstance(node, t.Node):
        return any(_mentions_flow(getattr(node, name)) for name in node.record_fields[2:])
    return isinstance(node, tuple) and any(map(_mentions_flow, node))
