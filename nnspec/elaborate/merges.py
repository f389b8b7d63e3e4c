"""`residual`, `concat`, `add` and `multiply`: branches that begin with the same value, put together."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from nnspec.diagnostics import Label, Span
from nnspec.dims import equal
from nnspec.elaborate.frame import Failed, Placed
from nnspec.elaborate.groups import Groups
from nnspec.elaborate.mistakes import (
    MergeMismatch,
    NoValue,
    WrongKind,
)
from nnspec.elaborate.scope import flows
from nnspec.elaborate.values import (
    INVALID,
    Argument,
    Partial,
    Tensor,
    kind,
)
from nnspec.layers import registry
from nnspec.layers.base import InputError, Layer, LayerError
from nnspec.syntax import tree as t


class Merges(Groups):
    """Elaborates residuals and merges."""

    def residual(self, node: t.Residual) -> Tensor:
        start = self.incoming(node, "a residual")
        body = self._branch(node.body, start)
        skip = self._branch(node.skip, start) if node.skip else start
        if not isinstance(body, Tensor) or not isinstance(skip, Tensor):
            self.fail(WrongKind(self.span(node), "one value at the end of each path", kind(body)))
        where = node.skip or node.body
        labels = (
            Label(body.place or self.span(node.body), f"the body ends as {body.type}"),
            Label(
                (skip.place if node.skip else None) or self.span(where),
                f"the skip {'ends as' if node.skip else 'is the incoming value,'} {skip.type}",
            ),
        )
        keyword = Span(self.declarations.source, node.start, node.start + len("residual"))
        return self._combine("add", [body, skip], node, "residual", labels, keyword, " + ")

    def _branch(self, body: t.Body, start: Any) -> Any:
        """The value at the end of statements that begin with `start`, in this naming scope."""
        flow, self.flow = self.flow, start
        try:
            self.run_body(body)
            if self.flow is INVALID:
                raise Failed
            return self.flow
        finally:
            self.flow = flow

    def merge(self, node: t.Merge) -> Tensor:
        start = self.incoming(node, node.kind)
        branches = self.branches(node.body, start)
        if any(branch is INVALID for branch, _ in branches):
            raise Failed
        tensors: list[Tensor] = []
        labels: list[Label] = []
        for branch, span in branches:
            for tensor in flows(branch):
                tensors.append(tensor)
                labels.append(Label(span, f"this branch is {tensor.type}"))
        if not tensors:
            self.fail(NoValue(self.span(node), node.kind, "write at least one branch between the braces"))
        positional, named = self.arguments(node.arguments) if node.arguments else ((), {})
        keyword = Span(self.declarations.source, node.start, node.start + len(node.kind))
        separator = {"add": " + ", "multiply": " * "}.get(node.kind, ", ")
        return self._combine(node.kind, tensors, node, node.kind, tuple(labels), keyword, separator, positional, named)

    @abstractmethod
    def branches(self, body: t.Body, start: Any) -> list[tuple[Any, Span]]:
        """The values of the branches that the statements of a merge describe; body.py runs statements."""

    def _combine(
        self,
        merge: str,
        tensors: list[Tensor],
        node: Placed,
        what: str,
        labels: tuple[Label, ...],
        keyword: Span,
        separator: str,
        positional: tuple[Argument, ...] = (),
        named: dict[str, Argument] | None = None,
    ) -> Tensor:
        cls = registry.find_by("merge", merge)
        assert cls is not None
        layer, _, _ = self.bind_layer(Partial(cls, positional, named or {}), node)
        shapes = tuple(str(tensor.type) for tensor in tensors)
        try:
            layer.results(*(tensor.type for tensor in tensors))
            if what == "residual" and self._difference(tensors, layer) is not None:
                raise InputError("only `+` stretches what it adds")
        except InputError as problem:
            reason = f"{separator.join(shapes)}: {self._difference(tensors, layer) or problem.message}"
            advice = self._projection(tensors) if what == "residual" else problem.help
            self.fail(MergeMismatch(keyword, what, shapes, reason, labels, advice))
        except LayerError as problem:
            self.layer_error(problem, cls, named or {}, node, what)
        value = self.emit(layer, tensors, node, title=what)
        assert isinstance(value, Tensor), "a merge has one result"
        value.place = keyword
        return value

    def _difference(self, tensors: list[Tensor], layer: Layer) -> str | None:
        """Which dimensions differ, for a message."""
        first = tensors[0].type.shape
        skip = getattr(layer, "dim", None)
        for tensor in tensors[1:]:
            other = tensor.type.shape
            if len(other) != len(first):
                return f"{len(first)} and {len(other)} dimensions"
            for index, (a, b) in enumerate(zip(first, other, strict=True)):
                if equal(a, b) is not True and index != skip and skip != index - len(first):
                    return f"dimension {index} differs, {a} and {b}"
        return None

    def _projection(self, tensors: list[Tensor]) -> str:
        body, skip = tensors[0].type.shape, tensors[1].type.shape
        if len(body) == len(skip) >= 3 and equal(body[1], skip[1]) is not True:
            rank = min(len(body) - 2, 3)
            return f"project the skip: skip {{ Conv{rank}d({body[1]}, 1) }}"
        return "let the body keep the shape of its input, or change the skip: skip { ... }"
