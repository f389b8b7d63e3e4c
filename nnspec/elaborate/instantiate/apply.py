"""Layers and blocks applied to what flows, for the first time or again by their labels."""

from __future__ import annotations

from collections.abc import Mapping

from nnspec.elaborate.builder import interior
from nnspec.elaborate.builder.emit import call_module, emit, infer
from nnspec.elaborate.builder.inputs import block_inputs, declared_inputs, layer_inputs, named_inputs
from nnspec.elaborate.builder.layer import bind_layer
from nnspec.elaborate.builder.scope import Made
from nnspec.elaborate.builder.signature import block_signature, signature
from nnspec.elaborate.builder.tensor import ByName, Several, Step, Value, WeightReference, flows, types_of
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.instantiate.arguments import bind_block
from nnspec.elaborate.instantiate.blocks import make_block
from nnspec.elaborate.instantiate.mixture import apply_mixture
from nnspec.elaborate.mistakes import Misplaced, SharedMismatch, TieMismatch, UnknownArgument
from nnspec.elaborate.values import Argument, Bound, Partial
from nnspec.layers.base import Layer
from nnspec.layers.mixture import Mixture
from nnspec.layers.tensor_type import TensorType


def apply(frame: Frame, partial: Partial, inputs: Several | None, label: str | None, node: Placed) -> Value:
    """Apply a layer or block to what flows (None: to something that is wrong already)."""
    if isinstance(partial.callee, BlockDefinition):
        return _apply_block(frame, partial.callee, partial, inputs, label, node)
    if issubclass(partial.callee, Mixture):
        return apply_mixture(frame, partial, inputs, label, node)
    return _apply_layer(frame, partial.callee, partial, inputs, label, node)


def _apply_layer(
    frame: Frame, cls: type[Layer], partial: Partial, inputs: Several | None, label: str | None, node: Placed
) -> Value:
    if cls.computed:
        partial = _with_sources(frame, partial, node)
    layer, config, further, ties = bind_layer(frame, cls, partial, node, inputs or ())
    if inputs is None:
        raise Failed
    given = layer_inputs(frame, layer, inputs, further, node)
    number = frame.scope.next_label()
    path = label or number
    value = emit(frame, layer, given, node, path=path, config=config)
    for name, argument in ties.items():
        _tie(frame, layer, types_of(given), path, name, argument)
    return value


def _with_sources(frame: Frame, partial: Partial, node: Placed) -> Partial:
    """The arguments with what blocks and layers that need no input give: `Buffer(Sinusoids(512, 64))`."""

    def made(argument: Argument) -> Argument:
        value = argument.value
        if not isinstance(value, Partial):
            return argument
        return argument.replace(value=apply(frame, value, Several(), None, node))

    named = {name: made(argument) for name, argument in partial.named.items()}
    return Partial(partial.callee, tuple(map(made, partial.positional)), named, partial.function)


def _tie(
    frame: Frame, layer: Layer, types: tuple[TensorType | None, ...], path: str, name: str, argument: Argument
) -> None:
    """`weight = table.weight`: the parameter of a layer is another one."""
    reference = argument.value
    assert isinstance(reference, WeightReference)
    shape = interior.layer_weight(layer, types, name)
    if shape is None:
        span = argument.name_span or argument.span
        frame.fail(UnknownArgument(span, layer.kind, name, signature(type(layer))))
    if shape != reference.shape:
        frame.fail(TieMismatch(argument.span, name, _shown(shape), reference.path, _shown(reference.shape)))
    frame.scope.tie(f"{path}.{name}", reference)


def _shown(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _apply_block(
    frame: Frame,
    definition: BlockDefinition,
    partial: Partial,
    inputs: Several | None,
    label: str | None,
    node: Placed,
) -> Value:
    bound, further = bind_block(frame, definition, partial, node)
    if inputs is None:
        raise Failed
    given = block_inputs(frame, definition, inputs, further, node)
    path = label or str(frame.scope.position)
    made = make_block(frame, definition, bound.arguments, types_of(given), path, node)
    frame.scope.next_label()
    return call_module(frame, made, given, path, node, bound)


def apply_again(frame: Frame, value: Value, step: Step, named: Mapping[str, ByName], item: Placed) -> Value:
    """`-> tower`: the same module on other inputs."""
    need_here(frame, value, item)
    if step.call.scan is not None:
        way = f"to walk again with its weights: (each x, carry state = start) -> scan {step.label}"
        frame.fail(Misplaced(frame.span(item), f"the scan {step.label} as a step", way))
    flowing = flows(frame.incoming(item, step.label))
    match step.built_from:
        case None:
            what = f"the group {step.label}, a second time,"
            way = f"make it a block: block Name {{ ... }}, then {step.label}: Name"
            frame.fail(Misplaced(frame.span(item), what, way))
        case Layer() as layer:
            return _layer_again(frame, layer, step, flowing, named, item)
        case block:
            assert isinstance(block, Bound)
            return _block_again(frame, block, step, flowing, named, item)


def _layer_again(
    frame: Frame, layer: Layer, step: Step, flowing: Several, named: Mapping[str, ByName], item: Placed
) -> Value:
    names = (*layer.inputs, *layer.optional_inputs)
    further = named_inputs(frame, named, names, step.label, signature(type(layer)))
    given = layer_inputs(frame, layer, flowing, further, item)
    infer(frame, layer, given, item, {}, None)
    if layer.weights(*types_of(given)) != layer.weights(*step.call.input_types):
        frame.fail(SharedMismatch(frame.span(item), step.label, step.span))
    return emit(frame, layer, given, item, path=step.label, shared=True)


def _block_again(
    frame: Frame, block: Bound, step: Step, flowing: Several, named: Mapping[str, ByName], item: Placed
) -> Value:
    definition = block.definition
    names = tuple(each.name.text for each in declared_inputs(definition))
    further = named_inputs(frame, named, names, step.label, block_signature(definition))
    given = block_inputs(frame, definition, flowing, further, item)
    made = make_block(frame, definition, block.arguments, types_of(given), step.label, item)
    need_same(frame, made, step, item)
    return call_module(frame, made, given, step.label, item, shared=True)


def need_here(frame: Frame, value: Value, item: Placed) -> None:
    """Check that what is applied again is built in this body."""
    if value.scope is not frame.scope:
        frame.fail(Misplaced(frame.span(item), "a module of another body", "apply it in the body that builds it"))


def need_same(frame: Frame, made: Made, step: Step, item: Placed) -> None:
    """Check that a block, made for other inputs, is the module of a step still."""
    modules, first = frame.shared.modules, step.call.callee
    assert isinstance(first, str)
    if made.key != first and interior.weights_below(modules, made.key) != interior.weights_below(modules, first):
        frame.fail(SharedMismatch(frame.span(item), step.label, step.span))
