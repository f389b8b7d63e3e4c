"""`value(...)`: arguments for a layer or block, or a function applied to its arguments."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.elaborate.builder.emit import emit
from nnspec.elaborate.builder.inputs import layer_inputs
from nnspec.elaborate.builder.layer import bind_layer, need_single, texts_of
from nnspec.elaborate.builder.tensor import Results, Tensor, flows
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.evaluate import arithmetic
from nnspec.elaborate.evaluate.arithmetic import OperationError
from nnspec.elaborate.evaluate.names import need_no_layer
from nnspec.elaborate.evaluate.operands import is_operand, operand, with_numbers
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import BadOperation, WrongKind
from nnspec.elaborate.values import Argument, Function, Meaning, Partial
from nnspec.layers.base import Layer
from nnspec.syntax import tree as t


def call(
    frame: Frame,
    value: Meaning,
    positional: tuple[Argument, ...],
    named: dict[str, Argument],
    node: t.Postfix,
    *,
    may_take: bool,
) -> tuple[Meaning, bool]:
    """The meaning of a call, and whether it took what flows, as a function may that is a step of its own."""
    if isinstance(value, Partial):
        return Partial(value.callee, (*value.positional, *positional), {**value.named, **named}, None), False
    if isinstance(value, Function):
        return call_function(frame, value, positional, named, node, may_take=may_take)
    step = value.step if isinstance(value, (Tensor, Results)) else None
    way = f"to apply it: x -> {step.label}" if step is not None else None
    needed = "a layer, a block or a function before (...)"
    frame.fail(WrongKind(frame.span(node.base), needed, kind(value), way))


def call_function(
    frame: Frame,
    function: Function,
    positional: Sequence[Argument],
    named: dict[str, Argument],
    node: Placed,
    *,
    may_take: bool = False,
) -> tuple[Meaning, bool]:
    """A function on tensors, or on compile-time values where there is no tensor; and whether it took what flows."""
    cls = function.layer
    if cls is not None:
        need_single(frame, (*positional, *named.values()))
        positional = [each.replace(value=operand(frame, each.value, node)) for each in positional]
        named = {name: each.replace(value=operand(frame, each.value, node)) for name, each in named.items()}
        need_no_layer(frame, (*positional, *named.values()))
    tensors = [argument.value for argument in positional if isinstance(argument.value, Tensor)]
    if not tensors and not any(isinstance(argument.value, Tensor) for argument in named.values()):
        evaluate = arithmetic.FUNCTIONS.get(function.name) or getattr(cls, "evaluate", None)
        if evaluate is not None and (positional or not may_take):
            for name, argument in named.items():
                what = f"{function.name} of a number takes no {name}"
                frame.fail(BadOperation(argument.name_span or argument.span, what, "leave it out"))
            values = tuple(argument.value for argument in positional)
            try:
                return arithmetic.call(function.name, evaluate, values), False
            except OperationError as problem:
                frame.fail(BadOperation(frame.span(node), str(problem), problem.help))
    if cls is None:
        found = describe(positional[0].value) if positional else "nothing"
        frame.fail(WrongKind(frame.span(node), f"a number for {function.name}", found))
    given = [argument for place, argument in enumerate(positional) if not _is_absent_input(argument, place, cls)]
    partial = _with_operands(frame, cls, Partial(cls, tuple(given), named, function.name), node)
    layer, config, further, _ = bind_layer(frame, cls, partial, node, tensors)
    takes = may_take and not further and bool(layer.inputs)
    flowing = flows(frame.incoming(node, function.name)) if takes else ()  # `x -> softmax(dim = 1)`
    inputs = layer_inputs(frame, layer, flowing, further, node)
    return emit(frame, layer, inputs, node, title=function.name, written=texts_of(config)), takes


def _with_operands(frame: Frame, cls: type[Layer], partial: Partial, node: Placed) -> Partial:
    """The arguments with numbers in the place of tensors as what the layer takes: `maximum(0, x)`."""
    given = partial.positional
    texts = next((place for place, each in enumerate(given) if not isinstance(each.value, str)), 0)  # einsum("i->", a)
    last = max((place for place, each in enumerate(given) if isinstance(each.value, Tensor)), default=-1)
    if last < 0:
        return partial
    most = last + 1 if cls.variadic else max(last + 1, texts + len(cls.inputs))
    operands, rest = given[texts:most], given[most:]
    if not all(is_operand(each.value) for each in operands) or (len(operands) > 1 and cls.operand_count() == 1):
        advice = f"write the tensors before the numbers: {partial.name}(tensor, number)"
        frame.fail(BadOperation(frame.span(node), f"{partial.name} takes its tensors first", advice))
    tensors, config = with_numbers(frame, cls, operands, node)
    spans = [each.span for each in operands]
    inputs = [Argument(tensor, span) for tensor, span in zip(tensors, spans, strict=False)]
    return Partial(cls, (*given[:texts], *inputs, *rest), {**partial.named, **config}, partial.function)


def _is_absent_input(argument: Argument, place: int, layer: type[Layer]) -> bool:
    """Whether an argument by position is an optional input of the block, which is absent."""
    first = len(layer.inputs)
    return argument.value is None and first <= place < first + len(layer.optional_inputs)
