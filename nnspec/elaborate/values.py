"""The meaning of an expression of a spec.

Compile-time values are plain Python: int, float, bool, None, str, sizes, and tuples for lists. Beside them stand
tensors, layers and blocks that wait for their inputs, and references to weights.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeGuard, Union

from nnspec.diagnostics import Span
from nnspec.dims import Expression, Size
from nnspec.elaborate.builder.tensor import Built, ByName, Invalid, Several, Tensor, WeightReference
from nnspec.elaborate.declarations import BlockDefinition
from nnspec.layers.base import Layer
from nnspec.record import Record
from nnspec.syntax import tree as t


class Argument(Record):
    """A compile-time argument with the place where it is written."""

    value: Meaning
    span: Span
    name_span: Span | None = None
    written: str = ""  # over the parameters of the body, where a number follows from them: see evaluate/written.py


Callable = type[Layer] | BlockDefinition


class Partial(Record):
    """A layer or block with the arguments given so far: a step that waits for its inputs."""

    callee: Callable
    positional: tuple[Argument, ...] = ()
    named: dict[str, Argument] = {}  # noqa: RUF012 - records are frozen
    function: str | None = None  # the function that it is written as
    held: Span | None = None  # the name that holds it, where that is written; none where it is used with arguments

    @property
    def name(self) -> str:
        """The name of the layer or block in the spec."""
        if self.function is not None:
            return self.function
        return self.callee.name if isinstance(self.callee, BlockDefinition) else self.callee.__name__

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments given so far."""
        return (*self.positional, *self.named.values())

    def given(self, named: Mapping[str, ByName]) -> Partial:
        """With tensors that flow to it by name as further arguments."""
        if not named:
            return self
        return Partial(self.callee, self.positional, {**self.named, **as_arguments(named)}, self.function)

    def takes_nothing_more(self) -> bool:
        """Whether every input that it needs is among its arguments, and no other reading of them is possible."""
        by_position = len(self.positional) - len(self.plain_positional)
        if not isinstance(self.callee, BlockDefinition):
            if self.callee.variadic:
                return by_position > 1
            needed, may_take_more = self.callee.inputs, bool(self.callee.optional_inputs)
        elif isinstance(self.callee.declaration, t.Block) and self.callee.declaration.inputs:
            inputs = self.callee.declaration.inputs
            needed = tuple(each.name.text for each in inputs if not each.optional)
            may_take_more = any(each.optional for each in inputs)
        else:
            return by_position > 0
        missing = [name for name in needed if name not in self.named or not isinstance(self.named[name].value, Tensor)]
        return not missing or (by_position == len(missing) and not may_take_more)

    @property
    def plain_positional(self) -> tuple[Argument, ...]:
        """The arguments by position that are no tensors."""
        return tuple([argument for argument in self.positional if not isinstance(argument.value, Tensor)])

    def key(self) -> Hashable:
        """The same for two that elaborate alike."""
        positional = tuple(key(argument.value) for argument in self.positional)
        named = tuple(sorted((name, key(argument.value)) for name, argument in self.named.items()))
        return (self.callee, positional, named)


class Function(Record):
    """A function of the language, such as `exp`: a layer applied to tensors, and to numbers where it can be."""

    name: str
    layer: type[Layer] | None
    held: Span | None = None  # the name that holds it


class Bound(Built):
    """A block with the arguments that it was built with."""

    definition: BlockDefinition
    arguments: dict[str, Meaning]
    texts: dict[str, str] = {}  # noqa: RUF012 - records are frozen; of numbers that follow from the caller's parameters


# Whatever a name may stand for; lists are tuples. What went wrong is INVALID.
Meaning = Union[  # noqa: UP007 - a union of strings has no `|`
    int, float, str, None, Expression, tuple["Meaning", ...], Tensor, Several, Partial, Function, WeightReference
]
Known = Meaning | Invalid


LENGTH = 10_000  # of a text, a list, or the expression for a size


def as_arguments(named: Mapping[str, ByName]) -> dict[str, Argument]:
    """The values that flow by name, as arguments."""
    return {name: Argument(each.value, each.span, each.name_span) for name, each in named.items()}


def is_number(value: object) -> TypeGuard[int | float]:
    """An integer or a float, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_size(value: object) -> TypeGuard[Size]:
    """An integer or a symbolic size."""
    return isinstance(value, (int, Expression)) and not isinstance(value, bool)


def let_go(value: Meaning) -> Meaning:
    """A value as one that no name holds: a parameter of a block is a step wherever it stands.

    The numbers in it follow from the parameters of another body than the one that it goes to.
    """
    if isinstance(value, Partial) and (value.held is not None or value.arguments):
        positional = tuple([_as_number(argument) for argument in value.positional])
        named = {name: _as_number(argument) for name, argument in value.named.items()}
        return Partial(value.callee, positional, named, value.function)
    if isinstance(value, Function) and value.held is not None:
        return Function(value.name, value.layer)
    return tuple(map(let_go, value)) if type(value) is tuple else value


def _as_number(argument: Argument) -> Argument:
    value = let_go(argument.value) if isinstance(argument.value, (Partial, tuple)) else argument.value
    if not argument.written and value is argument.value:
        return argument
    return Argument(value, argument.span, argument.name_span)


def holds_tensor(value: Meaning) -> bool:
    """Whether a value is a tensor, or a list, layer or block with one in it."""
    if isinstance(value, Partial):
        return any(holds_tensor(argument.value) for argument in value.arguments)
    return isinstance(value, Tensor) or (isinstance(value, tuple) and any(map(holds_tensor, value)))


def key(value: Meaning) -> Hashable:
    """A hashable form of a compile-time value: equal for values that elaborate alike."""
    if isinstance(value, Partial):
        return value.key()
    if isinstance(value, WeightReference):
        return (id(value.scope), value.path)
    if isinstance(value, tuple):
        return tuple(map(key, value))
    if isinstance(value, (bool, float)):  # True == 1 == 1.0 in Python, and not in a spec
        return (type(value).__name__, value)
    return value
