"""Groups `{ ... }`, which are modules of their own, and repeats `count x step`."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from nnspec.elaborate.blocks import Blocks, Made
from nnspec.elaborate.frame import Environment, Failed, Placed
from nnspec.elaborate.mistakes import (
    BadOperation,
    NoValue,
    WrongKind,
)
from nnspec.elaborate.scope import Scope, flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    Partial,
    Results,
    Several,
    Tensor,
    Value,
    kind,
)
from nnspec.syntax import tree as t


class Groups(Blocks):
    """Elaborates groups and repeats."""

    @abstractmethod
    def run_body(self, body: t.Body) -> None:
        """The statements of a body; body.py has them."""

    def group(self, body: t.Body, label: str | None, node: Placed, count: int = 1) -> Any:
        """`{ ... }`: a module of its own that sees the names around it."""
        if self.binding is not None and self.flow is not None:
            self.no_value(node, "a group")
        path = label or str(self.scope.position)
        made, inputs = self.make_group(body, path, node)
        self.scope.next_label(count)
        value = self.call_made(made, inputs, path, node, count)
        self.register(value, path, label, INVALID, node)  # type: ignore[arg-type]
        return value

    def make_group(self, body: t.Body, path: str, node: Placed) -> tuple[Made, list[Tensor | None]]:
        """Elaborate a group on what flows: its module, and its inputs in this scope."""
        if len(self.shared.modules) >= self.shared.limits.modules:
            self.exceed(node, "the number of distinct modules", "modules")
        name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[._]", path))
        scope = Scope(name if name[:1].isalpha() else f"Group{name}", "group", self.scope)
        frame = type(self)(self.shared, self.declarations, scope, Environment(self.environment), self.chain)
        frame.training = self.training
        flowing = (
            [] if self.flow is None or self.flow is INVALID else [self.scope.localise(x) for x in flows(self.flow)]
        )
        local = [scope.add_input(tensor.name, tensor.type) for tensor in flowing]
        for outer, stand_in in zip(flowing, local, strict=True):
            stand_in.training = outer.training
            stand_in.place = outer.place
        frame.flow = INVALID if self.flow is INVALID else None if not local else local[0] if len(local) == 1 \
            else Several(local)  # fmt: skip
        frame.run_body(body)
        if frame.failed or frame.flow is INVALID:
            raise Failed
        if frame.flow is None:
            self.fail(NoValue(self.span(node), "the end of this group"))
        results = [scope.localise(tensor) for tensor in flows(frame.flow)]
        scope.outputs = [("output" if len(results) == 1 else str(i), tensor) for i, tensor in enumerate(results)]
        ties, scope.outer_ties = scope.outer_ties, []
        for inner, reference in ties:
            scope.outer_ties.append((inner, reference))
        key = self.shared.add_module(frame.finish(place=self.place(node)))
        return Made(key, scope), [*flowing, *scope.captures]

    def repeat(self, node: t.Repeat, named: Mapping[str, Argument]) -> Any:
        """`count x step`: a chain of applications; from where the type stays, one call for all that remain."""
        count = self.number(node.count, "a number of repetitions")
        if count < 0:
            self.fail(BadOperation(self.span(node.count), f"a step cannot be repeated {count} times"))
        body: t.Body | None
        if isinstance(node.step, (t.Residual, t.Merge)):
            body = t.Body(*ends(node.step), (t.Chain(*ends(node.step), (t.Item(*ends(node.step), None, node.step),)),))
        else:
            body = node.step if isinstance(node.step, t.Body) else None
        flow = self.flow
        given = self.incoming(node, "a repeated step")
        value = given
        try:
            while count > 0:
                value, done = self._repeat_once(node, body, count, named)
                results = list(value) if isinstance(value, Results) else list(value.members.values()) or [value]
                inputs = flows(self.flow)
                self.flow = value if len(inputs) == 1 else Several((*results, *inputs[len(results) :]))
                count -= done
            return value
        finally:
            self.flow = flow

    def _repeat_once(
        self, node: t.Repeat, body: t.Body | None, count: int, named: Mapping[str, Argument]
    ) -> tuple[Value, int]:
        """One application, or all `count` of them if the first leaves the types as they are."""
        calls = self.scope.calls
        if body is not None:
            if named:
                self.fail(self.misplaced_names(node.step))
            value = self.group(body, None, node.step)
        else:
            step = self.evaluate(node.step)  # type: ignore[arg-type]
            if isinstance(step, Value) and step.step is not None:  # a label: the same weights each time
                item = t.Item(*ends(node.step), None, node.step)
                return self.apply_again(step, None, item, named), 1
            if not isinstance(step, Partial):
                self.fail(WrongKind(self.span(node.step), "a step after `x`", kind(step)))
            value = self.apply(step.given(named), flows(self.flow), None, node.step)
        call = calls[-1]
        outputs = [self.scope.values[name] for name in call.outputs]
        inputs = [self.scope.values[name] if name else None for name in call.inputs[: len(outputs)]]
        # a step that ties a weight must not be folded: each application has its own path in the tie
        if (
            outputs != inputs
            or count == 1
            or any(tie.parameter.startswith(f"{call.label}.") for tie in self.scope.ties)
        ):
            return value, 1
        call.count = count
        self.scope.position += count - 1
        return value, count


def ends(node: Placed) -> tuple[int, int]:
    """The offsets of a node, for one that is put in its place."""
    return node.start, node.end
