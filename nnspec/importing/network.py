"""A network as a front end reads it: layers applied to values, inside the calls of the modules that applied them.

Values are named once and for all; a module that is called twice is two scopes. The one thing to know: paths are those
of the `state_dict`, from its root, and belong to what owns weights; an operation without weights may have one, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import DType, TensorType
from nnspec.record import Record


class Origin(Record):
    """A line of the code that was imported."""

    file: str
    line: int
    code: str = ""


class Stored(Record):
    """A parameter or buffer that a module owns directly; `contents` are the numbers of a buffer, as an expression."""

    type: TensorType
    contents: Any = None  # an expression of the syntax tree
    trainable: bool = True
    persistent: bool = True
    scalar: bool | int | float | None = None  # the number that a buffer without a key holds
    base: float | None = None  # of the frequencies of rotary positions, where a buffer without a key holds these

    @property
    def kind(self) -> str:
        """The word that a spec writes."""
        return "Parameter" if self.contents is None else "Buffer"


class Operation(Record):
    """A layer, or a tensor of a module's own, that gives values."""

    layer: Layer | Stored
    inputs: tuple[str | None, ...]
    outputs: tuple[str, ...]
    path: str | None = None
    ties: tuple[tuple[str, str], ...] = ()  # a weight of the layer, and the key of the parameter that it is
    names: tuple[str, ...] = ()  # of the outputs, as the author of the code has them
    origin: Origin | None = None
    owned: tuple[tuple[str, tuple[int, ...]], ...] = ()  # weights below its path that its layer does not list


class Scope:
    """One call of a module, with all that happened inside."""

    def __init__(self, path: str, kind: str, again: int = 0, plain: bool = False) -> None:
        """`plain` is a container, which has no code of its own; `again` counts the calls of the module before."""
        self.path = path
        self.kind = kind
        self.again = again
        self.plain = plain
        self.items: list[Operation | Scope] = []

    def operations(self) -> Iterator[Operation]:
        """All operations inside, in order."""
        for item in self.items:
            if isinstance(item, Scope):
                yield from item.operations()
            else:
                yield item


class Weighed(Record):
    """An entry of the `state_dict` of the original."""

    shape: tuple[int, ...]
    dtype: DType
    buffer: bool = False
    trainable: bool = True


class Network(Record):
    """All of a network."""

    name: str
    root: Scope
    inputs: tuple[tuple[str, str], ...]  # names, and the values
    outputs: tuple[tuple[str, str], ...]
    types: dict[str, TensorType]
    weights: dict[str, Weighed]
    aliases: tuple[tuple[str, ...], ...] = ()  # keys that are one parameter
    loaded: tuple[str, ...] = ()  # the keys of buffers whose numbers are in the weights alone
    documentation: str = ""
    blocks: tuple[Any, ...] = ()  # of the syntax tree, which layers take as arguments
