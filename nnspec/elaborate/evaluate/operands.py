"""Operands: a tensor, a layer that needs no input, as in `Range(T) + 2`, or a number."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.elaborate.builder.emit import emit
from nnspec.elaborate.builder.layer import bind_layer, make_layer, texts_of
from nnspec.elaborate.builder.tensor import Tensor
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.values import Argument, Meaning, Partial, is_number, is_size
from nnspec.layers import registry
from nnspec.layers.base import Layer


def operand(frame: Frame, value: Meaning, node: Placed) -> Meaning:
    """The value; of a layer that needs no input, what it gives."""
    if not isinstance(value, Partial) or not isinstance(value.callee, type):
        return value
    cls = value.callee
    if cls.inputs or cls.optional_inputs or not value.arguments:
        return value
    layer, config, _, _ = bind_layer(frame, cls, value, node)
    path = frame.scope.next_label() if layer.weights() else None
    return emit(frame, layer, [], node, path=path, config=config)


def with_numbers(
    frame: Frame, cls: type[Layer], operands: Sequence[Argument], node: Placed
) -> tuple[list[Tensor], dict[str, Argument]]:
    """The operands of a layer, of which some are numbers, as its inputs and arguments.

    One number beside tensors is an argument of a layer that has one for it; any other is a tensor without dimensions.
    """
    numbers = [place for place, each in enumerate(operands) if not isinstance(each.value, Tensor)]
    single = len(numbers) == 1 and not isinstance(operands[numbers[0]].value, bool)
    if cls.number is not None and single and len(operands) == cls.operand_count():
        (place,) = numbers
        config = {cls.number: operands[place]}
        if place < len(operands) - 1:
            config[f"{cls.number}_first"] = Argument(True, operands[place].span)
        return [each.value for each in operands if isinstance(each.value, Tensor)], config
    return [_tensor(frame, each, node) for each in operands], {}


def is_operand(value: Meaning) -> bool:
    """Whether a value may stand where a tensor may."""
    return isinstance(value, (Tensor, bool)) or is_number(value) or is_size(value)


def _tensor(frame: Frame, argument: Argument, node: Placed) -> Tensor:
    if isinstance(argument.value, Tensor):
        return argument.value
    cls = registry.find("Constant")
    assert cls is not None
    config = {"value": argument}
    made = emit(frame, make_layer(frame, cls, config, node), [], node, written=texts_of(config))
    assert isinstance(made, Tensor), "a constant has one result"
    return made
