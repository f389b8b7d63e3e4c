"""`written`: a layer with its inputs as the language has it: an expression, or a step of a chain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nnspec.importing import syntax
from nnspec.importing.network import Stored
from nnspec.layers.base import Layer
from nnspec.syntax import tree

NOT_CALLED = frozenset({"Dropout", "ReLU", "GELU", "SiLU", "Tanh", "Sigmoid", "Softmax"})  # as steps they read better
Operand = Callable[[str], Any]


def is_expression(layer: Layer | Stored) -> bool:
    """Whether a layer is written as arithmetic or as a function of values."""
    if isinstance(layer, Stored):
        return False
    return layer.operator is not None or layer.function is not None or layer.kind == "Constant"


def value_of(
    layer: Layer, inputs: Sequence[str | None], operand: Operand, argument: Callable[[str], Any], names: Sequence[str]
) -> Any:
    """A layer as an expression.

    Args:
        layer: one that `is_expression`.
        inputs: the values that it takes.
        operand: how a value is written.
        argument: how an argument is written, by its name.
        names: the arguments that have to be written.
    """
    given: list[Any] = [None if each is None else operand(each) for each in inputs]
    if layer.kind == "Constant":
        named = {name: argument(name) for name in names if name != "value"}
        value = argument("value")
        return syntax.call("Constant", value, **named) if named or isinstance(value, tree.ListOf) else value
    if layer.operator == "[]":
        return syntax.subscript(_held(given[0]), getattr_items(layer, argument))
    if layer.operator == "neg":
        return tree.Negate(0, 0, given[0])
    if layer.operator == "not":
        return tree.Not(0, 0, given[0])
    if layer.operator is not None:
        return _operation(layer, given, argument)
    assert layer.function is not None
    return _function(layer, inputs, given, argument, names)


def getattr_items(layer: Layer, argument: Callable[[str], Any]) -> Sequence[Any]:
    """The items of a subscript, as `argument` writes sizes among them."""
    made = argument("items")
    return made if isinstance(made, (tuple, list)) else layer.items  # type: ignore[attr-defined]


def _held(value: Any) -> Any:
    """What can have a subscript behind it."""
    if isinstance(value, (tree.Name, tree.Postfix)):
        return value
    return syntax.tuple_of(syntax.fed(syntax.chain(value)))


def _operation(layer: Layer, given: Sequence[Any], argument: Callable[[str], Any]) -> Any:
    word = layer.operator
    assert word is not None
    if layer.number and getattr(layer, layer.number) is not None:
        number = argument(layer.number)
        given = [number, given[0]] if getattr(layer, f"{layer.number}_first", False) else [given[0], number]
    made = given[0]
    for each in given[1:]:
        made = syntax.binary(word, made, each)
    return made


def _function(
    layer: Layer,
    inputs: Sequence[str | None],
    given: Sequence[Any],
    argument: Callable[[str], Any],
    names: Sequence[str],
) -> Any:
    assert layer.function is not None
    values: list[Any] = []
    named: dict[str, Any] = {}
    places = layer.inputs + layer.optional_inputs
    if layer.variadic:
        values = list(given)
    else:
        for place, each in enumerate(given):
            if each is None:
                continue
            if (place < len(layer.inputs) and len(values) == place) or len(values) == place:
                values.append(each)
            else:
                named[places[place]] = each
    number = layer.number
    for name in names:
        if name == number:
            first = bool(getattr(layer, f"{number}_first", False))
            where = len(values) - 1 if first and layer.function == "where" else 0 if first else len(values)
            values.insert(where, argument(name))
        elif name != f"{number}_first":
            by_place = name in layer.by_position and not layer.inputs and not named
            if by_place and layer.by_position.index(name) == len(values):
                values.append(argument(name))
            else:
                named[name] = argument(name)
    return syntax.call(layer.function, *values, **named)


def step(layer: Layer | Stored, argument: Callable[[str], Any], names: Sequence[str], ties: dict[str, Any]) -> Any:
    """A layer as a step."""
    if isinstance(layer, Stored):
        return _stored(layer, argument)
    values: list[Any] = []
    named: dict[str, Any] = {}
    for name in names:
        if name in layer.by_position and layer.by_position.index(name) == len(values) and not named:
            values.append(argument(name))
        else:
            named[name] = argument(name)
    return syntax.call(layer.kind, *values, **named, **ties)


def filled_with(stored: Stored) -> str | None:
    """`zeros` or `ones`, if a buffer is these of its shape."""
    made = stored.contents
    if isinstance(made, tree.Postfix) and isinstance(made.base, tree.Name) and made.base.text in ("zeros", "ones"):
        return made.base.text
    return None


def _contents(stored: Stored, argument: Callable[[str], Any]) -> Any:
    if filled_with(stored) is None:
        return stored.contents
    (arguments,) = stored.contents.trailers
    shape, *more = arguments.items
    return syntax.postfix(
        stored.contents.base, arguments.replace(items=(shape.replace(value=argument("shape")), *more))
    )


def _stored(stored: Stored, argument: Callable[[str], Any]) -> Any:
    if stored.contents is not None:
        named = {} if stored.persistent else {"persistent": syntax.plain(False)}
        return syntax.call("Buffer", _contents(stored, argument), **named)
    named = {} if stored.trainable else {"trainable": syntax.plain(False)}
    return syntax.call("Parameter", argument("shape"), **named)
