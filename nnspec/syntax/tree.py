"""The syntax tree: what was written, and where. Offsets count characters of the file."""

from __future__ import annotations

from typing import Union

from nnspec.record import Record


class Node(Record):
    """A piece of the text, from offset `start` up to `end`."""

    start: int
    end: int


class Identifier(Node):
    """A name as a declaration or an argument writes it, or a label: a path such as `layer1.0.conv`."""

    text: str


# --- expressions


class Name(Node):
    """A reference to something by name; `_` is the current value."""

    text: str


class Number(Node):
    """An integer or a float."""

    value: int | float


class Constant(Node):
    """true, false or none."""

    value: bool | None


class Text(Node):
    """A string; expressions stand where `{...}` was written."""

    parts: tuple[str | Expression, ...]


class Ellipsis(Node):
    """`...` inside a subscript or a shape: all dimensions that stand there."""


class ListOf(Node):
    """`[a, b, c]`: a list, or a shape, in which `...` may stand for any dimensions."""

    items: tuple[Expression, ...]


class Fed(Node):
    """One value of a tuple, with the name of the input that it is for if it is given.

    For a scan it may have a role, `each` or `carry`, and the dimension that it walks along.
    """

    name: Identifier | None
    chain: Chain
    role: str | None = None
    along: Expression | None = None


class Tuple(Node):
    """`(a, b)`: several values, `(a, mask = b)` with some by name; `(a)` is `a`."""

    items: tuple[Fed, ...]


class Argument(Node):
    """One argument of a call, by position or by name."""

    name: Identifier | None
    value: Expression


class Arguments(Node):
    """`(...)` behind what is called."""

    items: tuple[Argument, ...]


class Slice(Node):
    """`first:last:step` inside a subscript."""

    first: Expression | None
    last: Expression | None
    step: Expression | None


class Subscript(Node):
    """`[...]` behind a value or a list."""

    items: tuple[Expression | Slice, ...]


class Member(Node):
    """`.name` behind a value."""

    name: str


class Postfix(Node):
    """Something with calls, subscripts and members behind it."""

    base: Expression
    trailers: tuple[Arguments | Subscript | Member, ...]


class Operation(Node):
    """Operands with the operators between them, of one precedence, evaluated from the left."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


class Negate(Node):
    """`-x`."""

    operand: Expression


class Not(Node):
    """`not x`."""

    operand: Expression


class Conditional(Node):
    """`chosen if condition else otherwise`."""

    chosen: Expression
    condition: Expression
    otherwise: Expression


Expression = Union[  # noqa: UP007 - a union of strings has no `|`
    Name, Number, Constant, Text, ListOf, Tuple, Postfix, Operation, Negate, Not, Conditional, Ellipsis
]

# --- steps


class Item(Node):
    """A step of a chain, with its label if it has one.

    The tuple before a scan is a part of its step: its roles mean nothing elsewhere.
    """

    label: Identifier | Text | None
    step: Step
    given: tuple[Fed, ...] = ()


class Chain(Node):
    """`a -> b -> c`."""

    items: tuple[Item, ...]


class Body(Node):
    """`{ ... }`; as a step, a group."""

    statements: tuple[Statement, ...]


class Repeat(Node):
    """`count x step`."""

    count: Expression
    step: Step


class Scan(Node):
    """`scan Step(...) backward for n`: a block applied step by step."""

    step: Expression
    backward: bool
    steps: Expression | None


class Residual(Node):
    """`residual { ... } skip { ... }`."""

    body: Body
    skip: Body | None


class Merge(Node):
    """`concat { ... }`, `add { ... }`, `multiply { ... }`."""

    kind: str
    arguments: Arguments | None
    body: Body


Step = Union[Expression, Body, Repeat, Scan, Residual, Merge]  # noqa: UP007

# --- statements


class Bind(Node):
    """`name = chain`, or `a, b = chain` for several results.

    One expression may be anything that a name holds: a number, a list, a layer, a value of the network.
    """

    names: tuple[Identifier, ...]
    chain: Chain


class Input(Node):
    """`input name: dtype[shape]`."""

    name: Identifier
    dtype: Identifier
    shape: ListOf


class Output(Node):
    """`output name`, or `output name = chain`."""

    name: Identifier
    chain: Chain | None


class Require(Node):
    """`require condition, message`."""

    condition: Expression
    message: Expression | None


class If(Node):
    """Conditions with their bodies, and what is done if none holds."""

    branches: tuple[tuple[Expression, Body], ...]
    otherwise: Body | None


class For(Node):
    """`for names in first..last { ... }`, or over a list."""

    names: tuple[Identifier, ...]
    first: Expression
    last: Expression | None
    body: Body


class Training(Node):
    """`training { ... }`: what exists in training only."""

    body: Body


class Rename(Node):
    """`rename "published" -> "own"`: how keys of published weights differ from the model's own."""

    published: Text
    own: Text


class Order(Node):
    """`order a, b`: labels in the order of the `state_dict`, where it is not that of their steps."""

    labels: tuple[Identifier | Text, ...]


class Phase(Node):
    """`phase name { ... }` of a `train` block."""

    name: Identifier
    body: Body


Statement = Union[Bind, Input, Output, Require, If, For, Training, Phase, Rename, Order, Chain]  # noqa: UP007

# --- declarations


class Imported(Node):
    """One name of an import, and what it is called here."""

    name: Identifier
    alias: Identifier


class Import(Node):
    """`import A, B as C from "path"`."""

    names: tuple[Imported, ...]
    path: Text


class Parameter(Node):
    """A compile-time parameter of a block or model."""

    name: Identifier
    default: Expression | None


class BlockInput(Node):
    """A named input of a block; with `?` it may be left out."""

    name: Identifier
    optional: bool


class Block(Node):
    """A reusable body."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    inputs: tuple[BlockInput, ...]
    body: Body
    documentation: str


class Model(Node):
    """A network with declared inputs and outputs; or, with an expression for a body, a variant of another model."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    body: Body | Expression
    documentation: str


class Train(Node):
    """A `train` block."""

    name: Identifier | None
    body: Body


Declaration = Union[Import, Block, Model, Train]  # noqa: UP007


class File(Node):
    """All declarations of a file, and the names of those that could not be read."""

    declarations: tuple[Declaration, ...]
    broken: tuple[str, ...] = ()
