"""A scene: boxes with what is written in them, the wires between them, and levels inside boxes.

It knows nothing of places: `layered` finds those. A box that is open has a level inside, which is laid out on its own.
"""

from __future__ import annotations

from typing import Literal

from nnspec.ir.program import Place
from nnspec.picture.families import Family
from nnspec.record import Record


class Strip(Record):
    """One line of a box: a layer, or the heading of a block."""

    path: str  # of the module in the network; "" for an operation, which owns nothing
    label: str  # by which the spec calls a block; "" for a layer
    name: str
    about: str
    parameters: int
    family: Family
    times: str = ""  # of a repeat
    notes: tuple[str, ...] = ()
    place: Place | None = None  # in the text
    mark: str = ""  # `new`, `gone` or `changed`, where models are compared


class Box(Record):
    """A step of a level, with the layers that follow it closely; or an input or output."""

    name: str  # within the level
    kind: Literal["layers", "block", "join", "input", "output", "tap"]
    strips: tuple[Strip, ...]
    path: str = ""
    inside: Level | None = None  # of a block that is open
    module: str | None = None  # the key of the module that a block applies
    takes: tuple[str, ...] = ()  # of a block: the values outside that its inputs are, in order
    gives: tuple[str, ...] = ()  # and those that its outputs are

    @property
    def repeated(self) -> bool:
        """Whether it stands for several applications."""
        return bool(self.strips[0].times)


class Wire(Record):
    """A value on its way from one box of a level to another."""

    source: int
    target: int
    value: str
    shape: str
    place: int  # among the inputs of the target


class Level(Record):
    """What lies directly inside a model or an open block."""

    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
