"""One row of the torch lowering: how a layer is written in PyTorch source.

A row is a function `(layer, call) -> Submodule | OwnFunction | str`, registered under its layer classes:

    @row(Conv1d, Conv2d)
    def _(layer, call):
        return Submodule(f"nn.{layer.kind}", (in_channels, layer.out_channels, ...), {"stride": ...})

    @row(Flatten)
    def _(layer, call):
        return f"{call.inputs[0]}.flatten({layer.start_dim})"

A string is an expression over the inputs (for several results: one that yields a tuple). A `Submodule` is built in
`__init__` and called in `forward`; a layer that owns weights must be one, with torch's `state_dict` names. A
`OwnFunction` is an expression too, with the definition of what it calls.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from nnspec.dims import Size
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.raised import guarded
from nnspec.record import Record
from nnspec.registration import check_classes, check_row
from nnspec.to_torch.number import is_written


class Raw(Record):
    """An argument that is source text, one Python expression: `Raw("torch.zeros(1, 1, 768)")`.

    Only rows make these, from numbers and identifiers that the compiler has checked; it reaches the source as it is.
    """

    text: str

    def __init__(self, text: str) -> None:
        super().__init__(text)
        ast.parse(text, mode="eval")

    def __repr__(self) -> str:
        return self.text


class Submodule(Record):
    """A module that `__init__` builds: `constructor(*arguments, **keywords)`.

    Arguments are plain values (numbers, booleans, strings, tuples, None) and reach the source through `repr`, or `Raw`.
    `source` is the text of the class where torch has none (the generated file then holds it once); it is written as
    a person would write it and needs only `torch`, `math`, `nn` and `F`. `call` is the expression of its use, with
    `{module}` for the module; by default `{module}(inputs...)`, absent optional inputs left out at the end.
    `expression` is the same computation without a module, for a layer that is written as a function (`relu(x)`) and
    owns no weights: `F.relu({0})`, with `{0}`, `{1}`, ... for the inputs.
    `results` is how several results are unpacked where the module gives no plain tuple: `{0}, ({1}, {2})`.
    """

    constructor: str
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}  # noqa: RUF012 - records are frozen
    source: str = ""
    call: str | None = None
    expression: str | None = None
    results: str | None = None


class OwnFunction(Record):
    """A call of a function that torch lacks: `source` defines `name`, once in the generated file; `text` calls it.

    `also` holds the sources of further functions that the text calls, by name.
    """

    name: str
    source: str
    text: str
    also: dict[str, str] = {}  # noqa: RUF012 - records are frozen


class LayerUse(Record):
    """One use of a layer, as its row sees it: Python expressions for the inputs, and all types."""

    inputs: tuple[str | None, ...]
    types: tuple[TensorType | None, ...]
    results: tuple[TensorType, ...]
    # A Python expression for a size: a number, or one that reads the shapes at hand (`x.shape[0]`).
    size: Callable[[Size], str]
    # The variable for the element type of the floats that it makes: `dtype`, that of the tensors at hand, or `wide`,
    # with 32 bits at least, where they are to be exact (see widths.py).
    dtype: str = "dtype"

    def type_of(self, index: int = 0) -> TensorType:
        """The type of an input that cannot be absent."""
        given = self.types[index]
        if given is None:
            raise ValueError(f"input {index} is absent")
        return given

    def shape(self, sizes: tuple[Size, ...]) -> str:
        """Python arguments for a shape: `x.shape[0], 16, 28`."""
        return ", ".join(map(self.size, sizes))


L = TypeVar("L", bound=Layer)
Row = Callable[[Any, LayerUse], Submodule | OwnFunction | str]
ROWS: dict[type[Layer], Row] = {}
UNSUPPORTED: dict[type[Layer], str] = {}


def row(*layers: type[Layer]) -> Callable[[Row], Row]:
    """Register a row for these layers: a decorator for a function, as this module shows.

    Args:
        layers: their classes.

    Raises:
        SpecError: one is no layer, or the row no function.
    """
    check_classes(layers, Layer, "layer")

    def register(function: Row) -> Row:
        check_row(function, layers)
        own = guarded(function, lambda line: LayerError(f"its row fails: {line}"))
        ROWS.update(dict.fromkeys(layers, own))
        return function

    return register


def changed(layer: Layer, *names: str) -> dict[str, Any]:
    """Keywords for the fields of `layer` that differ from their defaults, or follow from parameters of the block."""
    fields = type(layer).model_fields
    values = {name: getattr(layer, name) for name in names}
    return {name: value for name, value in values.items() if value != fields[name].default or is_written(value)}


def functional(function: str, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None) -> str:
    """The `expression` that calls `function` on the one input: `F.elu({0}, 0.5)`."""
    named = [f"{name}={value!r}" for name, value in (keywords or {}).items()]
    return f"{function}({', '.join(['{0}', *map(repr, arguments), *named])})"
