"""`evaluate`: the meaning of an expression in a frame. Each kind of node has one function, in the table at the end.

Only this file walks the tree; what is done with the values of its parts stands in the other files of the room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.elaborate.builder.tensor import Invalid, Several, Tensor
from nnspec.elaborate.describe import describe, kind
from nnspec.elaborate.evaluate import arithmetic
from nnspec.elaborate.evaluate.arithmetic import OperationError
from nnspec.elaborate.evaluate.calls import call
from nnspec.elaborate.evaluate.members import member
from nnspec.elaborate.evaluate.names import longest_name, meaning
from nnspec.elaborate.evaluate.operands import operand
from nnspec.elaborate.evaluate.operators import binary, unary
from nnspec.elaborate.evaluate.subscripts import Index, subscript
from nnspec.elaborate.evaluate.tuples import fed_together, fed_value
from nnspec.elaborate.evaluate.written import written
from nnspec.elaborate.frame import Failed, Frame, Placed
from nnspec.elaborate.mistakes import BadOperation, Misplaced, RepeatedArgument, WrongKind
from nnspec.elaborate.values import Argument, Meaning
from nnspec.syntax import tree as t


def evaluate(frame: Frame, node: t.Expression) -> Meaning:
    """The meaning of an expression."""
    frame.labour(node, 1)
    return _KINDS[type(node)](frame, node)


def evaluate_step(frame: Frame, node: t.Expression) -> tuple[Meaning, bool]:
    """The meaning of an expression that is a step, and whether a function in it took what flows: `-> relu()`."""
    frame.labour(node, 1)
    if isinstance(node, t.Postfix):
        return _postfix_step(frame, node, is_step=True)
    if isinstance(node, t.Tuple):
        return _tuple(frame, node, is_step=True), False
    return _KINDS[type(node)](frame, node), False


def number(frame: Frame, node: t.Expression, what: str) -> int:
    """The value of an expression that must be a known integer."""
    value = evaluate(frame, node)
    if isinstance(value, bool) or not isinstance(value, int):
        frame.fail(WrongKind(frame.span(node), what, kind(value)))
    return value


def truth(frame: Frame, node: t.Expression) -> bool:
    """The value of a condition."""
    return _true(frame, evaluate(frame, node), node)


def arguments(frame: Frame, written: t.Arguments) -> tuple[tuple[Argument, ...], dict[str, Argument]]:
    """The arguments of a call, by position and by name; a mistake in one does not hide those in others."""
    positional: list[Argument] = []
    named: dict[str, Argument] = {}
    failed = False
    for item in written.items:
        try:
            value = evaluate(frame, item.value)
        except Failed:
            failed = True
            continue
        if item.name is None:
            positional.append(Argument(value, frame.span(item.value), None, _written(frame, value, item.value)))
        elif item.name.text in named:
            frame.report(RepeatedArgument(frame.span(item.name), "this call", item.name.text))
            failed = True
        else:
            text = _written(frame, value, item.value)
            named[item.name.text] = Argument(value, frame.span(item.value), frame.span(item.name), text)
    if failed:
        raise Failed
    return tuple(positional), named


def _written(frame: Frame, value: Meaning, node: t.Expression) -> str:
    kind = type(value)
    while type(node) is t.Conditional:  # what is not chosen is no part of the module
        node = node.chosen if truth(frame, node.condition) else node.otherwise
    return (
        written(frame, node) if (kind is int or kind is float or kind is tuple) and type(node) is not t.Number else ""
    )


def _true(frame: Frame, value: Meaning, node: Placed) -> bool:
    if isinstance(value, (Tensor, Several)):
        way = "what depends on the elements is chosen by where(condition, a, b)"
        frame.fail(WrongKind(frame.span(node), "a truth value", kind(value), way))
    try:
        return arithmetic.truth(value)
    except OperationError as problem:
        frame.fail(BadOperation(frame.span(node), str(problem), problem.help))


# --- what stands for itself


def _literal(frame: Frame, node: t.Number | t.Constant) -> Meaning:
    return node.value


def text(frame: Frame, node: t.Text) -> str:
    """The letters of a string, with the values of the expressions in it."""
    shown = "".join([part if isinstance(part, str) else _shown(frame, part) for part in node.parts])
    return shown if len(node.parts) < 2 else _bounded(frame, shown, node)


def _shown(frame: Frame, node: t.Expression) -> str:
    value = evaluate(frame, node)
    if not isinstance(value, (str, int, float)):
        frame.fail(WrongKind(frame.span(node), "a number or a string", kind(value)))
    return value if isinstance(value, str) else describe(value)


def _list(frame: Frame, node: t.ListOf) -> tuple[Meaning, ...]:
    value = tuple([evaluate(frame, item) for item in node.items])
    return _bounded(frame, value, node) if any(isinstance(item, tuple) for item in value) else value


def _bounded(frame: Frame, value: arithmetic.Bounded, node: Placed) -> arithmetic.Bounded:
    """A text or list that is made of others, if it is not too large."""
    try:
        arithmetic.bounded(value)
    except OperationError as problem:
        frame.fail(BadOperation(frame.span(node), str(problem), problem.help))
    frame.labour(node, arithmetic.elements(value, arithmetic.ELEMENTS) // 16)
    return value


def _tuple(frame: Frame, node: t.Tuple, *, is_step: bool = False) -> Tensor | Several:
    values = [fed_value(frame, fed) for fed in node.items]
    if any(isinstance(value, Invalid) for value in values):
        raise Failed
    return fed_together(frame, node, values, may_have_names=is_step)


def _ellipsis(frame: Frame, node: t.Ellipsis) -> Meaning:
    frame.fail(Misplaced(frame.span(node), "`...`", "it stands in a subscript, x[..., 0], or a shape, [..., D]"))


# --- operators


def _not(frame: Frame, node: t.Not) -> Meaning:
    value = operand(frame, evaluate(frame, node.operand), node)
    return unary(frame, "not", value, node) if isinstance(value, (Tensor, Several)) \
        else not _true(frame, value, node.operand)  # fmt: skip


def _negate(frame: Frame, node: t.Negate) -> Meaning:
    value = operand(frame, evaluate(frame, node.operand), node)
    if isinstance(value, (Tensor, Several)):
        return unary(frame, "neg", value, node)
    return binary(frame, "-", 0, value, node)


def _conditional(frame: Frame, node: t.Conditional) -> Meaning:
    return evaluate(frame, node.chosen if truth(frame, node.condition) else node.otherwise)


def _operation(frame: Frame, node: t.Operation) -> Meaning:
    if node.operators[0] in ("and", "or"):
        return _logic(frame, node)
    value = evaluate(frame, node.operands[0])
    for place, (symbol, other) in enumerate(zip(node.operators, node.operands[1:], strict=True)):
        right = evaluate(frame, other)
        value = binary(frame, symbol, value, right, node, _texts(frame, node, place, value, right))
    return value


def _texts(frame: Frame, node: t.Operation, place: int, left: Meaning, right: Meaning) -> tuple[str, str]:
    """The texts of the numbers beside an operator, of which the other operand is a tensor."""
    if isinstance(left, Tensor) == isinstance(right, Tensor):
        return "", ""
    if isinstance(left, Tensor):
        return "", _written(frame, right, node.operands[place + 1])
    before = node.operands[: place + 1]
    whole = t.Operation(node.start, node.end, before, node.operators[:place]) if place else before[0]
    return _written(frame, left, whole), ""


def _logic(frame: Frame, node: t.Operation) -> Meaning:
    value = evaluate(frame, node.operands[0])
    for symbol, other in zip(node.operators, node.operands[1:], strict=True):
        if isinstance(value, (Tensor, Several)):
            value = binary(frame, symbol, value, evaluate(frame, other), node)
            continue
        if not isinstance(value, bool):
            frame.fail(WrongKind(frame.span(node.operands[0]), "a truth value", kind(value)))
        if value == (symbol == "or"):
            return value
        value = evaluate(frame, other)
    if not isinstance(value, (bool, Tensor)):
        frame.fail(WrongKind(frame.span(node.operands[-1]), "a truth value", kind(value)))
    return value


# --- what stands behind a value


def _postfix(frame: Frame, node: t.Postfix) -> Meaning:
    return _postfix_step(frame, node, is_step=False)[0]


def _postfix_step(frame: Frame, node: t.Postfix, *, is_step: bool) -> tuple[Meaning, bool]:
    """The meaning of something with calls, subscripts and members behind it, and whether it took what flows."""
    place = 0
    if isinstance(node.base, t.Name) and isinstance(node.trailers[0], t.Member):
        value, place = longest_name(frame, node.base, node.trailers)
    if not place:
        value = evaluate(frame, node.base)
    took = False
    while place < len(node.trailers):
        trailer = node.trailers[place]
        place += 1
        match trailer:
            case t.Arguments():
                positional, named = arguments(frame, trailer)
                value, takes = call(frame, value, positional, named, node, may_take=is_step and not took)
                took = took or takes
            case t.Subscript():
                value = subscript(frame, value, tuple([_index(frame, item) for item in trailer.items]), trailer, node)
            case t.Member():
                path = [trailer]
                while place < len(node.trailers) and isinstance(further := node.trailers[place], t.Member):
                    path.append(further)
                    place += 1
                value = member(frame, value, path, node)
    return value, took


def _index(frame: Frame, item: t.Expression | t.Slice) -> Index:
    if isinstance(item, t.Ellipsis):
        return "..."
    if isinstance(item, t.Slice):
        parts = (item.first, item.last, item.step)
        return ("slice", *[None if part is None else evaluate(frame, part) for part in parts])
    return evaluate(frame, item)


def _name(frame: Frame, node: t.Name) -> Meaning:
    return frame.current(node) if node.text == "_" else meaning(frame, node)


# A function takes the kind of node that it stands beside.
_KINDS: dict[type[t.Node], Callable[[Frame, Any], Meaning]] = {
    t.Name: _name,
    t.Number: _literal,
    t.Constant: _literal,
    t.Text: text,
    t.ListOf: _list,
    t.Tuple: _tuple,
    t.Postfix: _postfix,
    t.Operation: _operation,
    t.Negate: _negate,
    t.Not: _not,
    t.Conditional: _conditional,
    t.Ellipsis: _ellipsis,
}
