"""What an expression of a spec can be while it is elaborated.

Compile-time values are plain Python: int, float, bool, None, str, sizes, and tuples for lists. Beside them stand
tensors, layers and blocks that wait for their inputs, and references to weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from nnspec.diagnostics import Source, Span
from nnspec.dims import Expression
from nnspec.layers.base import Layer, TensorType
from nnspec.record import Record
from nnspec.syntax import tree as t

if TYPE_CHECKING:
    from nnspec.elaborate.files import Declarations
    from nnspec.elaborate.scope import Scope, Step


class Invalid:
    """The value of what went wrong. It silences what depends on it: one mistake gives one message."""

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = Invalid()


class Tensor:
    """A value of the network: a name in the body of a scope, with its type.

    `members` are the results of the step by name, where it has several; `step` is the labelled step that made it.
    """

    def __init__(
        self, scope: Scope, name: str, type: TensorType, step: Step | None = None, training: bool = False
    ) -> None:
        self.scope = scope
        self.name = name
        self.type = type
        self.step = step
        self.training = training
        self.members: dict[str, Tensor] = {}
        self.place: Span | None = None


class Several(tuple[Tensor, ...]):
    """Several tensors that flow together into a step with several inputs.

    `named` are those that are meant for an input by its name: `(x, mask = seen)`.
    """

    named: Mapping[str, Argument] = {}


class Results(Several):
    """The results of a step that has several and names none as its value: they go on together.

    `members` are all by name, those that exist in training only, too.
    """

    members: dict[str, Tensor]
    step: Step | None = None
    place: Span | None = None

    @property
    def scope(self) -> Scope:
        """The scope whose step it is."""
        return self[0].scope


Value = Tensor | Results


class Argument(Record):
    """A compile-time argument with the place where it is written."""

    value: Any
    span: Span
    name_span: Span | None = None


class BlockDefinition(Record):
    """A block or model, with the file whose names it sees."""

    declaration: t.Block | t.Model
    declarations: Declarations

    @property
    def name(self) -> str:
        """The name that the spec gives it."""
        return self.declaration.name.text

    @property
    def source(self) -> Source:
        """The text that it stands in."""
        return self.declarations.source

    def __hash__(self) -> int:
        return id(self.declaration)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BlockDefinition) and self.declaration is other.declaration


Callable = type[Layer] | BlockDefinition


class Partial(Record):
    """A layer or block with the arguments given so far: a step that waits for its inputs."""

    callee: Callable
    positional: tuple[Argument, ...] = ()
    named: dict[str, Argument] = {}  # noqa: RUF012 - records are frozen
    function: str | None = None  # the function that it is written as

    @property
    def name(self) -> str:
        """What the spec calls the layer or block."""
        if self.function is not None:
            return self.function
        return self.callee.name if isinstance(self.callee, BlockDefinition) else self.callee.__name__

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All arguments given so far."""
        return (*self.positional, *self.named.values())

    def given(self, named: Mapping[str, Argument]) -> Partial:
        """With further arguments by name."""
        return Partial(self.callee, self.positional, {**self.named, **named}, self.function)

    def takes_nothing_more(self) -> bool:
        """Whether every input that it needs is among its arguments, and no other reading of them is possible."""
        by_position = sum(isinstance(argument.value, Tensor) for argument in self.positional)
        by_name = {name for name, argument in self.named.items() if isinstance(argument.value, Tensor)}
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
        missing = [name for name in needed if name not in by_name]
        return not missing or (by_position == len(missing) and not may_take_more)

    @property
    def plain_positional(self) -> tuple[Argument, ...]:
        """The arguments by position that are no tensors."""
        return tuple(argument for argument in self.positional if not isinstance(argument.value, Tensor))

    def key(self) -> Any:
        """What makes two of them the same."""
        positional = tuple(key(argument.value) for argument in self.positional)
        named = tuple(sorted((name, key(argument.value)) for name, argument in self.named.items()))
        return (self.callee, positional, named)


class Function(Record):
    """A function of the language, such as `exp`: a layer applied to tensors, and to numbers where it can be."""

    name: str
    layer: type[Layer] | None


class WeightReference:
    """A parameter of a labelled step: `wte.weight`."""

    def __init__(self, scope: Scope, path: str, shape: tuple[int, ...]) -> None:
        self.scope = scope
        self.path = path
        self.shape = shape


def holds_tensor(value: Any) -> bool:
    """Whether a value is a tensor, or a list, layer or block with one in it."""
    if isinstance(value, Partial):
        return any(holds_tensor(argument.value) for argument in value.arguments)
    return isinstance(value, Tensor) or (isinstance(value, tuple) and any(map(holds_tensor, value)))


def key(value: Any) -> Any:
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


def describe(value: Any) -> str:
    """A value as messages show it."""
    match value:
        case None | True | False:
            return {None: "none", True: "true", False: "false"}[value]
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case tuple() if not isinstance(value, Several):
            return f"[{', '.join(map(describe, value))}]"
        case Tensor():
            return f"a tensor {value.type}"
        case Several():
            return " and ".join(map(describe, value))
        case Partial():
            return value.name
        case Function():
            return f"the function {value.name}"
        case WeightReference():
            return f"the weight {value.path}"
        case _:
            return str(value)


def kind(value: Any) -> str:
    """What sort of thing a value is, with its article."""
    match value:
        case bool():
            return "a truth value"
        case int():
            return "an integer"
        case float():
            return "a number with a fraction"
        case Expression():
            return "a symbolic size"
        case str():
            return "a string"
        case None:
            return "none"
        case Several():
            return f"{len(value)} values"
        case tuple():
            return "a list"
        case Tensor():
            return "a tensor"
        case Partial():
            return "a block" if isinstance(value.callee, BlockDefinition) else "a layer"
        case Function():
            return "a function"
        case _:
            return "a weight"


def plain(value: Any) -> Any:
    """A compile-time value as JSON data, for display."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return describe(value)
