"""Blocks and models: elaborated once for each kind of arguments and input types."""

from __future__ import annotations

from functools import partial

from nnspec.diagnostics import Origin
from nnspec.elaborate.builder.scope import Made, Scope
from nnspec.elaborate.builder.tensor import INVALID, Flow, Invalid, flows, together
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.describe import describe, kind, plain
from nnspec.elaborate.evaluate.expression import evaluate
from nnspec.elaborate.evaluate.written import written
from nnspec.elaborate.frame import Environment, Failed, Frame, Given, Placed
from nnspec.elaborate.instantiate.again import made_again
from nnspec.elaborate.instantiate.arguments import Arguments, bind_block
from nnspec.elaborate.instantiate.finish import finish
from nnspec.elaborate.mistakes import AlreadyDeclared, NoValue, TooDeep, WrongKind
from nnspec.elaborate.values import Known, Partial, key
from nnspec.layers.tensor_type import TensorType
from nnspec.syntax import tree as t

Types = tuple[TensorType | None, ...]  # of inputs; None for an optional one that is absent


def make_block(
    frame: Frame, definition: BlockDefinition, arguments: Arguments, types: Types, label: str, node: Placed
) -> Made:
    """The module of a block for these arguments and input types, made once."""
    memo = frame.shared.made
    purpose = (definition, tuple(sorted((name, key(value)) for name, value in arguments.items())), types)
    if purpose not in memo:
        memo[purpose] = INVALID
        try:
            begin = partial(_begin, frame, definition, arguments, types, label, node)
            memo[purpose] = made_again(frame, purpose, arguments, begin)
        except Failed:
            memo[purpose] = None
    made = memo[purpose]
    if isinstance(made, Invalid):
        limit = frame.shared.limits.recursion
        frame.fail(TooDeep(frame.span(node), definition.name, limit, endless=True))
    if made is None:
        raise Failed
    if frame.shared.recorder is not None:
        frame.shared.recorder.used(purpose, made.key)
    return made


def _begin(
    frame: Frame, definition: BlockDefinition, arguments: Arguments, types: Types, label: str, node: Placed
) -> Made | None:
    """The module of a block, in a frame of its own."""
    limits = frame.shared.limits
    if len(frame.chain) >= limits.recursion:
        frame.fail(TooDeep(frame.span(node), definition.name, limits.recursion))
    if len(frame.shared.modules) >= limits.modules:
        frame.exceed(node, "the number of distinct modules", "modules")
    shown = ", ".join([f"{name} = {describe(value)}" for name, value in arguments.items()])
    link = Origin(f"{definition.name}({shown})", label, frame.span(node))
    scope = Scope(definition.name, "model" if isinstance(definition.declaration, t.Model) else "block")
    inner = Frame(
        frame.shared, definition.declarations, scope, Environment(), (link, *frame.chain),
        training=frame.training, given=Given(types),
    )  # fmt: skip
    return build(inner, definition, arguments)


def build(frame: Frame, definition: BlockDefinition, arguments: Arguments) -> Made | None:
    """Elaborate a block or model in its frame, whose scope is empty; None if it is wrong.

    A variant hands arguments that it has no parameter for to the model that it is a variant of.
    """
    declaration = definition.declaration
    bound = _bind_parameters(frame, declaration, arguments)
    if not isinstance(declaration.body, t.Body):
        return _build_variant(frame, definition, declaration.body, arguments)
    if isinstance(declaration, t.Block):
        frame = _bind_inputs(frame, declaration)
    scope = frame.scope
    flow = frame.shared.statements.run_body(frame, declaration.body)
    if not scope.mistakes and all(tensor.training for _, tensor in scope.outputs):
        _default_outputs(frame.with_flow(flow), declaration)
    if scope.mistakes:
        return None
    for doubt in scope.doubts:
        frame.report(doubt)
    shown = {name: plain(value) for name, value in bound.items()}
    module = finish(frame, declaration.name, declaration.body, shown, declaration.documentation)
    return scope.made(frame.shared.modules.add(module))


def _bind_parameters(frame: Frame, declaration: t.Block | t.Model, arguments: Arguments) -> dict[str, Known]:
    """The values of the parameters: an argument, what a shape from outside says, or the default."""
    names = frame.environment.names
    sizes = _given_sizes(frame, declaration)
    for parameter in declaration.parameters:
        name = parameter.name.text
        if name in names:
            frame.fail(AlreadyDeclared(frame.span(parameter.name), name))
        if name in arguments:
            frame.define(name, arguments[name], name)
        elif name in sizes:
            frame.define(name, sizes[name], name)
        else:
            default = parameter.default
            value, text = (INVALID, "") if default is None else (evaluate(frame, default), written(frame, default))
            frame.define(name, value, text if frame.chain else name)  # a model's own parameters are always named
    return dict(names)


def _given_sizes(frame: Frame, declaration: t.Block | t.Model) -> dict[str, int]:
    """The parameters that shapes given from outside decide: `H` in `input image: float[N, 3, H, W]`."""
    found: dict[str, int] = {}
    statements = declaration.body.statements if isinstance(declaration.body, t.Body) else ()
    for statement in statements:
        if isinstance(statement, t.Input):
            sizes = frame.given.shapes.get(statement.name.text, ())
            for item, size in zip(statement.shape.items, sizes, strict=False):
                if isinstance(item, t.Name):
                    found.setdefault(item.text, size)
    return found


def _bind_inputs(frame: Frame, declaration: t.Block) -> Frame:
    """The frame in which the inputs of a block are known, and flow into its body."""
    types = frame.given.types or ()
    scope, names = frame.scope, frame.environment.names
    if not declaration.inputs:
        place = frame.chain[0].span
        given = [(f"x{i}", type) for i, type in enumerate(types) if type is not None]
        if len(types) == 1:
            given = [("x", type) for _, type in given]
        return frame.with_flow(together([scope.add_input(name, type, place) for name, type in given]))
    flow: Flow = None
    for each, type in zip(declaration.inputs, types, strict=True):
        name = each.name.text
        if name in names:
            frame.fail(AlreadyDeclared(frame.span(each.name), name))
        tensor = names[name] = None if type is None else scope.add_input(name, type, frame.span(each.name))
        if each is declaration.inputs[0]:
            flow = tensor
    return frame.with_flow(flow)


def _build_variant(frame: Frame, definition: BlockDefinition, body: t.Expression, arguments: Arguments) -> Made | None:
    """`model ResNet18 = ResNet(18)`: the other model under this name."""
    value = evaluate(frame, body)
    if not isinstance(value, Partial) or not isinstance(value.callee, BlockDefinition):
        frame.fail(WrongKind(frame.span(body), "a model with arguments", kind(value)))
    target = value.callee
    bound, _ = bind_block(frame, target, value, body)
    own = {parameter.name.text for parameter in definition.declaration.parameters}
    chosen = bound.arguments | {name: argument for name, argument in arguments.items() if name not in own}
    inner = frame.replace(declarations=target.declarations, environment=Environment())
    return build(inner, target, chosen)


def _default_outputs(frame: Frame, declaration: t.Block | t.Model) -> None:
    """The last value is the output where none is named; before those that exist in training only."""
    scope, span = frame.scope, frame.span(declaration.name)
    if isinstance(frame.flow, Invalid):
        raise Failed
    if frame.flow is None:
        frame.fail(NoValue(span, f"the end of {declaration.name.text}"))
    tensors = [scope.localise(tensor) for tensor in flows(frame.flow)]
    names = ["output"] if len(tensors) == 1 else [str(index) for index in range(len(tensors))]
    taken = next((name for name, _ in scope.outputs if name in names), None)
    if taken is not None:
        frame.fail(AlreadyDeclared(span, taken))
    scope.outputs[:0] = zip(names, tensors, strict=True)
