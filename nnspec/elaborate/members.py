"""What stands behind a dot: results of a step by name, its weights, and values inside it."""

from __future__ import annotations

from typing import Any

from nnspec.diagnostics import Span, nearest
from nnspec.elaborate import interior, words
from nnspec.elaborate.mistakes import (
    UnknownName,
    Unreached,
    WrongKind,
)
from nnspec.elaborate.scope import PendingCall, Step
from nnspec.elaborate.shapes import Shapes
from nnspec.elaborate.values import (
    Tensor,
    Value,
    WeightReference,
    kind,
)
from nnspec.layers import registry
from nnspec.syntax import tree as t


class Members(Shapes):
    """Reaches inside steps, and frees them at the end of what nobody needs."""

    def member(self, value: Any, members: list[t.Member], node: t.Postfix) -> Any:
        """`value.a.b`: a result of a step by name, a weight of it, or a value inside it."""
        path = [member.name for member in members]
        if not isinstance(value, Value):
            self.fail(WrongKind(self.span(node.base), "a value of the network before `.`", kind(value)))
        if len(path) == 1 and path[0] in value.members:
            return value.members[path[0]]
        step = value.step
        if step is None:
            name = self.span(node.base).text
            way = words.of_member(path[0], name, registry.words("function"))
            self.fail(Unreached(self.span(members[0]), ".".join(path), name, None, tuple(value.members), way))
        shape = self._weight_shape(value, step.call, path)
        if shape is not None:
            step.call.tied = True
            return WeightReference(value.scope, ".".join([step.label, *path]), shape)
        try:
            return self._reach(value, step, path)
        except interior.NotInside as problem:
            names = (*value.members, *problem.known)
            close = nearest(path[-1], names)
            span = Span(self.declarations.source, members[0].start + 1, members[-1].end)
            way = words.of_member(path[-1], self.span(node.base).text, registry.words("function"))
            self.fail(Unreached(span, ".".join(path), step.label, close, names, None if close else way))

    def _weight_shape(self, value: Value, call: PendingCall, path: list[str]) -> tuple[int, ...] | None:
        if isinstance(call.callee, str):
            return interior.weight_shape(self.shared, call.callee, path)
        types = [value.scope.values[name] if name else None for name in call.inputs]
        for weight in call.callee.weights(*types):
            if weight.name == ".".join(path) and not weight.buffer:
                return weight.shape
        return None

    def weights_below(self, key: str) -> list[tuple[str, tuple[int, ...]]]:
        """Names and shapes of all weights below a module."""
        module = self.shared.modules[key]
        found: list[tuple[str, tuple[int, ...]]] = []
        for call in module.calls:
            if call.shared or call.label is None:
                continue
            if isinstance(call.callee, str):
                inner = self.weights_below(call.callee)
            else:
                inner = [(weight.name, weight.shape) for weight in call.callee.weights(*module.types(call.inputs))]
            found += [(f"{label}.{name}", shape) for label in call.labels for name, shape in inner]
        return found

    def _reach(self, value: Value, step: Step, path: list[str]) -> Tensor:
        """The value at a path inside a step, as a further result of its call."""
        call = step.call
        if not isinstance(call.callee, str) or call.count > 1 or call.scan:
            raise interior.NotInside(path, ())
        callee, index = interior.reach(self.shared, call.callee, path)
        scope = value.scope
        module = self.shared.modules[callee]
        call.reached_into = True
        call.callee = callee
        for port in module.outputs[len(call.outputs) :]:
            name = f"{step.label}.{port.name}"
            call.outputs.append(scope.value(name, module.values[port.value], training=call.training).name)
        reached = Tensor(scope, call.outputs[index], module.output_types[index], training=call.training)
        reached.place = value.place
        return reached

    def finish(self, **details: Any) -> Any:
        """The module of this frame's scope; what was reached into is freed of what nobody needs."""
        scope = self.scope
        used = {name for call in scope.calls for name in call.inputs} | {t.name for _, t in scope.outputs}
        for label, span in scope.order.items():
            if not scope.has(label):
                advice = "`order` names labels of the steps behind it in the same body"
                self.report(UnknownName(span, label, nearest(label, scope.steps), advice))
        again = {call.label for call in scope.calls if call.shared}
        for call in scope.calls:
            if not call.reached_into or call.label in again:
                continue
            keep = tuple(index for index, name in enumerate(call.outputs) if name in used)
            if len(keep) < len(call.outputs) and keep:
                assert isinstance(call.callee, str)
                call.callee = interior.prune(self.shared, call.callee, keep)
                call.outputs = [call.outputs[index] for index in keep]
        return scope.finish(**details)
