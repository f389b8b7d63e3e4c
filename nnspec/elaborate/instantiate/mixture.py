"""`(x, chosen, weights) -> Mixture(64, Expert(1024))`: a block for each expert, applied to the tokens that chose it.

The mixture is a module of its own, whose one call is routed: its experts have the labels 0, 1, ... below its own.
"""

from __future__ import annotations

from nnspec.diagnostics import Label, Span
from nnspec.dims import Size
from nnspec.elaborate.builder.call import Result, Wire
from nnspec.elaborate.builder.emit import call_module, infer
from nnspec.elaborate.builder.inputs import declared_inputs, layer_inputs
from nnspec.elaborate.builder.layer import bind_layer
from nnspec.elaborate.builder.scope import Made
from nnspec.elaborate.builder.signature import signature
from nnspec.elaborate.builder.tensor import Several, Tensor, Value, types_of
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.elaborate.describe import kind
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.instantiate.arguments import bind_block
from nnspec.elaborate.instantiate.blocks import make_block
from nnspec.elaborate.mistakes import BadExpert, LayerInput, UnknownArgument, WrongKind
from nnspec.elaborate.values import Partial
from nnspec.ir import Call, Module, Port
from nnspec.ir.batch import mixing_layer
from nnspec.ir.mixture import result_type
from nnspec.layers.base import Layer
from nnspec.layers.mixture import Mixture
from nnspec.layers.tensor_type import TensorType


def apply_mixture(frame: Frame, partial: Partial, flowing: Several | None, label: str | None, node: Placed) -> Value:
    """Apply experts to what flows (None: to something that is wrong already)."""
    mixture, config, further, ties = bind_layer(frame, Mixture, partial, node, flowing or ())
    for name, argument in ties.items():  # it has no weight of its own
        frame.fail(UnknownArgument(argument.name_span or argument.span, partial.name, name, signature(Mixture)))
    if flowing is None:
        raise Failed
    assert isinstance(mixture, Mixture)
    inputs = layer_inputs(frame, mixture, flowing, further, node)
    _need_as_many(frame, mixture, inputs[1], node)
    types = {name: type for name, type in zip(Mixture.inputs, types_of(inputs), strict=True) if type is not None}
    tokens = types["tokens"]
    (rows,) = infer(frame, mixture, inputs, node, config, None)
    path = label or str(frame.scope.position)
    expert, written = _expert(frame, mixture.expert, config["expert"].span, rows, f"{path}.0", node)
    result = result_type(tokens, rows, frame.shared.modules[expert.key])
    assert result is not None
    call = Call.model_construct(
        callee=expert.key,
        inputs=Mixture.inputs,
        outputs=(expert.results[0].name,),
        label="0",
        count=mixture.num_experts,
        routed=True,
        written=written,
        times=config["num_experts"].written,
        place=frame.place(node),
    )
    made = _mixture(frame, expert, call, types, result, node)
    frame.scope.next_label()
    return call_module(frame, made, inputs, path, node)


def _need_as_many(frame: Frame, mixture: Mixture, chosen: Tensor | None, node: Placed) -> None:
    """Check that the experts are chosen among as many as there are, where that can be told."""
    assert chosen is not None
    count = _places(frame, chosen)
    if count is not None and count != mixture.num_experts:
        message = f"the experts are chosen among {count}, and there are {mixture.num_experts}"
        help = f"write {Mixture.__name__}({count}, ...), or choose among {mixture.num_experts}"
        label = Label(chosen.place, "chosen here") if chosen.place is not None else None
        frame.fail(LayerInput(frame.span(node), Mixture.__name__, message, help, label, Mixture.__name__))


def _places(frame: Frame, tensor: Tensor) -> Size | None:
    """The number of places that whole numbers are those of: of what made them, behind what only moves elements."""
    wire: Wire | None = tensor.wire
    for call in reversed(frame.scope.calls):
        if wire in call.outputs:
            if not isinstance(call.callee, Layer):
                return None
            if not call.callee.rearranges:
                return call.callee.places(*call.input_types)
            wire = call.inputs[0]
    return None


def _expert(
    frame: Frame, expert: object, span: Span, rows: TensorType, path: str, node: Placed
) -> tuple[Made, dict[str, str]]:
    """The module of one expert, which gives a row for each that it takes, from that row alone.

    Beside it the texts of its numbers that follow from the caller's parameters.
    """
    if not isinstance(expert, Partial) or not isinstance(expert.callee, BlockDefinition):
        frame.fail(WrongKind(span, "a block for each expert", kind(expert)))
    definition, modules = expert.callee, frame.shared.modules
    bound, tensors = bind_block(frame, definition, expert, node)
    for tensor in tensors.values():
        frame.fail(WrongKind(span, "an expert without further inputs", kind(tensor)))
    _, *others = declared_inputs(definition) or (None,)
    if any(not each.optional for each in others):
        names = ", ".join(each.name.text for each in declared_inputs(definition))
        frame.fail(BadExpert(span, definition.name, f"it takes {names}, and an expert takes its rows alone"))
    made = make_block(frame, definition, bound.arguments, (rows, *(None for _ in others)), path, node)
    module = modules[made.key]
    if result_type(rows, rows, module) is None:
        given = ", ".join(f"{type.dtype}{type}" for type in module.output_types)
        frame.fail(BadExpert(span, definition.name, f"it gives {given} for {rows}"))
    mixing = mixing_layer(modules.program(made.key), made.key, rows.shape[0])
    if mixing is not None:
        name = mixing.callee.kind if isinstance(mixing.callee, Layer) else mixing.callee
        frame.fail(BadExpert(span, definition.name, f"{name} does not treat its rows apart"))
    return made, bound.texts


def _mixture(
    frame: Frame, expert: Made, call: Call, types: dict[str, TensorType], result: TensorType, node: Placed
) -> Made:
    """The module of a mixture, whose `call` of the experts says how many there are."""
    (given,) = expert.results
    module = Module.model_construct(
        name=Mixture.__name__,
        kind="group",
        inputs=tuple(Port.model_construct(name=name, value=name) for name in Mixture.inputs),
        outputs=(Port.model_construct(name=given.name, value=given.name),),
        values={**types, given.name: result},
        calls=(call,),
        place=frame.place(node),
    )
    ties = tuple((f"{index}.{inner}", weight) for index in range(call.count) for inner, weight in expert.outer_ties)
    return Made(frame.shared.modules.add(module), (Result(given.name, result),), ties)
