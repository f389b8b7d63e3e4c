"""`residual`, `concat`, `add` and `multiply`: branches that begin with the same value, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnspec.diagnostics import Label, Span
from nnspec.dims import equal
from nnspec.elaborate.builder.emit import emit
from nnspec.elaborate.builder.layer import bind_layer, layer_error
from nnspec.elaborate.builder.tensor import Flow, Invalid, Several, Tensor, flows
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate.expression import arguments
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.mistakes import MergeMismatch, NoValue, WrongKind
from nnspec.elaborate.statements.loops import chosen, turns
from nnspec.elaborate.values import Argument, Partial
from nnspec.layers import registry
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import InputError, LayerError
from nnspec.syntax import tree as t


def residual(frame: Frame, node: t.Residual) -> Tensor:
    """`residual { ... } skip { ... }`: the sum of what the body makes of a value, and the value itself."""
    start = frame.incoming(node, "a residual")
    body = _branch(frame, node.body, start)
    skip = _branch(frame, node.skip, start) if node.skip else start
    if not isinstance(body, Tensor) or not isinstance(skip, Tensor):
        frame.fail(WrongKind(frame.span(node), "one value at the end of each path", kind(body)))
    labels = (
        Label(body.place or frame.span(node.body), f"the body ends as {body.type}"),
        Label(
            (skip.place if node.skip else None) or frame.span(node.skip or node.body),
            f"the skip {'ends as' if node.skip else 'is the incoming value,'} {skip.type}",
        ),
    )
    return _combine(frame, "add", [body, skip], node, "residual", labels, " + ")


def _branch(frame: Frame, body: t.Body, start: Tensor | Several) -> Tensor | Several | None:
    """The value at the end of statements that begin with `start`, in this naming scope."""
    flow = frame.shared.statements.run_body(frame.with_flow(start), body)
    if isinstance(flow, Invalid):
        raise Failed
    return flow


def merge(frame: Frame, node: t.Merge) -> Tensor:
    """`concat { ... }`: the branches that its statements describe, put together."""
    start = frame.incoming(node, node.kind)
    tensors: list[Tensor] = []
    labels: list[Label] = []
    branches = _branches(frame.with_flow(start), node.body)
    for value, span in branches:
        if isinstance(value, Invalid):
            raise Failed
        for tensor in () if value is None else flows(value):
            tensors.append(tensor)
            labels.append(Label(span, f"this branch is {tensor.type}"))
    if not tensors:
        frame.fail(NoValue(frame.span(node), node.kind, "write at least one branch between the braces"))
    positional, named = arguments(frame, node.arguments) if node.arguments else ((), {})
    separator = {"add": " + ", "multiply": " * "}.get(node.kind, ", ")
    return _combine(frame, node.kind, tensors, node, node.kind, tuple(labels), separator, positional, named)


def _branches(frame: Frame, body: t.Body) -> list[tuple[Flow, Span]]:
    """The value of every branch; `if` and `for` may choose and repeat branches."""
    found: list[tuple[Flow, Span]] = []
    for statement in body.statements:
        match statement:
            case t.If():
                choice = chosen(frame, statement)
                found += _branches(frame, choice) if choice else []
            case t.For():
                for _ in turns(frame, statement):
                    found += _branches(frame, statement.body)
            case t.Chain():
                found.append((frame.shared.statements.run(frame, statement), frame.span(statement)))
            case _:
                frame.shared.statements.run(frame, statement)
    return found


def _combine(
    frame: Frame,
    word: str,
    tensors: list[Tensor],
    node: Placed,
    what: str,
    labels: tuple[Label, ...],
    separator: str,
    positional: tuple[Argument, ...] = (),
    named: Mapping[str, Argument] | None = None,
) -> Tensor:
    """The layer that `word` stands for, applied to the branches; `what` is as it is written."""
    cls = registry.find_by("merge", word)
    assert cls is not None
    layer = bind_layer(frame, cls, Partial(cls, positional, dict(named or {}), None), node).layer
    keyword = Span(frame.declarations.source, node.start, node.start + len(what))
    shapes = tuple(str(tensor.type) for tensor in tensors)
    try:
        layer.results(*(tensor.type for tensor in tensors))
        if word == "add" and _difference(tensors, layer) is not None:
            raise InputError("only `+` stretches what it adds")
    except InputError as problem:
        reason = f"{separator.join(shapes)}: {_difference(tensors, layer) or problem.message}"
        advice = _projection(tensors) if what == "residual" else problem.help
        frame.fail(MergeMismatch(keyword, what, shapes, reason, labels, advice))
    except LayerError as problem:
        layer_error(frame, problem, cls, named or {}, node, what)
    value = emit(frame, layer, tensors, node, title=what)
    assert isinstance(value, Tensor), "a merge has one result"
    return value.at(keyword)


def _difference(tensors: Sequence[Tensor], layer: Layer) -> str | None:
    """The dimensions that differ, for a message."""
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


def _projection(tensors: Sequence[Tensor]) -> str:
    body, skip = tensors[0].type.shape, tensors[1].type.shape
    if len(body) == len(skip) >= 3 and equal(body[1], skip[1]) is not True:
        rank = min(len(body) - 2, 3)
        return f"project the skip: skip {{ Conv{rank}d({body[1]}, 1) }}"
    return "let the body keep the shape of its input, or change the skip: skip { ... }"
