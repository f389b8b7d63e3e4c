"""`Block`: bodies that are alike, with what differs between them as parameters."""

from __future__ import annotations

from typing import Any

from nnspec.importing.bodies import Body
from nnspec.importing.sizes import Sizes
from nnspec.record import Record


class Tie(Record):
    """A parameter of another module that stands in a slot."""

    key: str


class Slot(Record):
    """A place in a body where a number or word stands: a field of a layer, an argument of a call."""

    place: tuple[Any, ...]
    word: str  # what it is
    label: str  # of the step that it belongs to
    value: Any


class Parameter(Record):
    """A parameter of a block: its name, and the value for each body, in order."""

    name: str
    values: tuple[Any, ...]
    default: Any = None
    has_default: bool = False


class Block:
    """A block: one of its bodies to be written, its parameters, and what stands in the places where bodies differ."""

    def __init__(self, name: str, bodies: list[Body], sizes: list[Sizes]) -> None:
        self.name = name
        self.bodies = bodies
        self.sizes = sizes
        self.parameters: list[Parameter] = []
        self.written: dict[tuple[Any, ...], Any] = {}  # what stands in a slot, as an expression
        self.optional: int | None = None  # the place of the item that only some of the bodies have
        self.condition: Any = None  # when they have it

    @property
    def body(self) -> Body:
        """The body that is written."""
        return self.bodies[0]

    def index(self, body: Body) -> int:
        """The number of a body among those of the block."""
        return next(index for index, each in enumerate(self.bodies) if each is body)
