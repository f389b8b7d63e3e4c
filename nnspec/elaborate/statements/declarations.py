"""`input`, `output`, `require`, `order` and `rename`: what a body says of itself."""

from __future__ import annotations

from typing import cast

from nnspec.diagnostics import nearest
from nnspec.dims import Size
from nnspec.elaborate.builder.emit import check_shape
from nnspec.elaborate.builder.tensor import Flow, Invalid, Tensor
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.evaluate.expression import evaluate, text, truth
from nnspec.elaborate.evaluate.names import need_value
from nnspec.elaborate.evaluate.shapes import match_shape, written_size
from nnspec.elaborate.frame import Failed, Frame
from nnspec.elaborate.mistakes import (
    AlreadyDeclared,
    LayerInput,
    Misplaced,
    Required,
    SameName,
    UnknownName,
    WrongInputs,
    WrongKind,
)
from nnspec.elaborate.renaming import BadRename, bad_rename
from nnspec.elaborate.statements.chains import run_chain
from nnspec.elaborate.statements.labels import new_label
from nnspec.layers.tensor_type import DType, TensorType
from nnspec.syntax import tree as t
from nnspec.syntax.walk import names_in

DTYPES = ("float", "int", "bool")


def declare_input(frame: Frame, node: t.Input) -> Tensor:
    """`input name: dtype[shape]` of a model."""
    scope, name = frame.scope, node.name.text
    if scope.kind != "model":
        advice = f"name a block's inputs after a colon: block Name(...): {name} {{ ... }}"
        frame.fail(Misplaced(frame.span(node), "`input`", advice))
    if scope.calls:
        frame.fail(Misplaced(frame.span(node), "`input` behind a step", "declare all inputs before the first step"))
    if name in frame.environment.names:
        frame.fail(AlreadyDeclared(frame.span(node.name), name))
    if any(isinstance(item, t.Ellipsis) for item in node.shape.items):
        way = f"an input has a known number of dimensions: input {name}: float[N, T, D]"
        frame.fail(Misplaced(frame.span(node.shape), "`...`", way))
    dtype = node.dtype.text
    if dtype not in DTYPES:
        close = nearest(dtype, DTYPES)
        advice = "the element types are float, int and bool"
        frame.fail(UnknownName(frame.span(node.dtype), dtype, close, advice))
    type = _input_type(frame, node, cast(DType, dtype))
    tensor = scope.add_input(name, type, frame.span(node.name))
    frame.define(name, tensor)
    return tensor


def _input_type(frame: Frame, node: t.Input, dtype: DType) -> TensorType:
    """The type that a calling block gives, or a shape from outside, or else the declaration."""
    name, given = node.name.text, frame.given
    if given.types is not None:
        index, called = len(frame.scope.inputs), frame.chain[0].span
        type = given.types[index] if index < len(given.types) else None
        if type is None:
            frame.fail(WrongInputs(called, frame.scope.name, f"a value for its input {name}", len(given.types)))
        if type.dtype != dtype:
            problem = f"takes {dtype} elements as {name}, and gets {type.dtype}"
            frame.fail(LayerInput(called, frame.scope.name, problem, f'cast it: cast(x, "{dtype}")'))
        match_shape(frame, node.shape, type.shape)
        return type
    shape: tuple[Size, ...] | None = given.shapes.get(name)
    if shape is not None:
        flag = f"--input {name}={'x'.join(map(str, shape))}"
        way_out = f"{flag} must keep to {frame.span(node.shape).text}; open a dimension in the spec with a name"
        match_shape(frame, node.shape, shape, way_out)
    else:
        shape = tuple([written_size(frame, item)[0] for item in node.shape.items])
    type = TensorType(dtype, shape)
    check_shape(frame, type.shape, node)
    return type


def declare_output(frame: Frame, node: t.Output) -> Flow:
    """`output name`, or `output name = chain`; a chain that takes what flows ends the flow."""
    scope, name, span = frame.scope, node.name.text, frame.span(node.name)
    if scope.kind == "group":
        advice = "a group gives the value of its last step; write `output` in the block or model"
        frame.fail(Misplaced(frame.span(node), "`output`", advice))
    if any(name == taken for taken, _ in scope.outputs):
        frame.fail(AlreadyDeclared(span, name))
    before, meant = len(scope.wires), frame.environment.names.get(name)
    value, ends = (
        run_chain(frame, node.chain) if node.chain else (evaluate(frame, t.Name(span.start, span.end, name)), False)
    )
    if isinstance(value, Invalid):
        raise Failed
    need_value(frame, value, node.name)
    if not isinstance(value, Tensor):
        frame.fail(WrongKind(frame.span(node), "one tensor", kind(value)))
    if not (frame.chain or frame.training) and any(name == taken for taken, _ in scope.inputs):
        frame.report(SameName(span, name))
    local = scope.localise(value)
    scope.rename(local.wire, name, before)
    scope.outputs.append((name, Tensor(scope, local.wire, training=frame.training or local.training)))
    frame.bind(node.name, value, meant)
    if not ends:
        return frame.flow
    scope.ended = frame.span(node)
    return None


def require(frame: Frame, node: t.Require) -> None:
    """`require condition, message`."""
    if truth(frame, node.condition):
        return
    message = f"this must hold: {frame.span(node.condition).text}"
    if node.message is not None:
        value = evaluate(frame, node.message)
        message = value if isinstance(value, str) else describe(value)
    known = [(name, frame.environment.find(name)[1]) for name in sorted(names_in(node.condition))]
    values = tuple(f"{name} = {describe(value)}" for name, value in known if value is not None)
    frame.fail(Required(frame.span(node.condition), message, values))


def order(frame: Frame, node: t.Order) -> None:
    """`order a, b`: labels of steps behind it, in the order of the `state_dict`."""
    for written in node.labels:
        frame.scope.order.setdefault(new_label(frame, written), frame.span(written))


def rename(frame: Frame, node: t.Rename) -> None:
    """`rename "published" -> "own"` of a model."""
    if frame.scope.kind != "model":
        frame.fail(Misplaced(frame.span(node), "`rename`", "published weights belong to a model: write it there"))
    published, own = text(frame, node.published), text(frame, node.own)
    problem = bad_rename(published, own)
    if problem is not None:
        frame.fail(BadRename(frame.span(node), *problem))
    frame.scope.renames.append((published, own))
