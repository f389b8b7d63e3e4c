"""Operators: arithmetic on compile-time values, and layers on tensors."""

from __future__ import annotations

from nnspec.elaborate.builder.emit import emit
from nnspec.elaborate.builder.layer import make_layer, texts_of
from nnspec.elaborate.builder.tensor import Several, Tensor, Value
from nnspec.elaborate.describe import kind
from nnspec.elaborate.evaluate import arithmetic
from nnspec.elaborate.evaluate.arithmetic import OperationError, UndecidedError
from nnspec.elaborate.evaluate.names import labelled, need_value
from nnspec.elaborate.evaluate.operands import is_operand, operand, with_numbers
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import BadOperation, UnknownSize, WrongKind
from nnspec.elaborate.values import Argument, Function, Meaning, Partial
from nnspec.layers import registry


def binary(
    frame: Frame, symbol: str, left: Meaning, right: Meaning, node: Placed, texts: tuple[str, str] = ("", "")
) -> Meaning:
    """`left symbol right`; `texts` are those of numbers that follow from parameters."""
    if symbol in ("==", "!=") and (left is None or right is None):
        return (left is right) == (symbol == "==")  # whether an optional input is there
    left, right = operand(frame, left, node), operand(frame, right, node)
    if isinstance(left, (Tensor, Several)) or isinstance(right, (Tensor, Several)):
        return _on_tensors(frame, symbol, [left, right], node, texts)
    try:
        value = arithmetic.operate(symbol, left, right)
    except OperationError as problem:
        frame.fail(BadOperation(frame.span(node), str(problem), problem.help))
    except UndecidedError as question:
        frame.fail(UnknownSize(frame.span(node), str(question)))
    if not isinstance(value, (int, float)):
        frame.labour(node, arithmetic.length(value) // 16)
    return value


def unary(frame: Frame, symbol: str, operand: Tensor | Several, node: Placed) -> Value:
    """`not x` and `-x` ("neg") of a tensor."""
    return _on_tensors(frame, symbol, [operand], node)


def _on_tensors(
    frame: Frame, symbol: str, operands: list[Meaning], node: Placed, texts: tuple[str, ...] = ("",)
) -> Value:
    """An operator of which an operand is a tensor."""
    cls = registry.find_by("operator", symbol)
    span = frame.span(node)
    if cls is None:
        frame.fail(BadOperation(span, f"`{symbol}` does not apply to tensors"))
    values = [labelled(frame, each, node) if isinstance(each, str) else each for each in operands]
    given = [Argument(value, span, None, text) for value, text in zip(values, texts, strict=True)]
    for wrong in [value for value in values if not is_operand(value)]:
        need_value(frame, wrong, node)
        way = f"apply it: (_ -> {wrong.name})" if isinstance(wrong, (Partial, Function)) else None
        frame.fail(WrongKind(span, f"a number or a tensor beside `{symbol}`", kind(wrong), way))
    tensors, config = with_numbers(frame, cls, given, node)
    written = texts_of(config)
    return emit(frame, make_layer(frame, cls, config, node), tensors, node, title=f"`{symbol}`", written=written)
