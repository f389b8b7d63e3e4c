"""The boxes and lines of a level as the layout sees them, and what it makes of them.

A line that passes ranks goes through a lane in each of them: a vertex without a box. Lines of one value share their
lanes as far as they go together. Offsets are told from the centre of a box.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from nnspec.record import Record

Point = tuple[float, float]


class Item(Record):
    """A box: its size, what stands beside its lower end, and where lines leave and reach it."""

    width: float
    height: float
    beside: float = 0.0  # how far right of its centre it and the words under it go
    worded: bool = False  # whether there are words under it
    end: Literal["first", "last"] | None = None  # of inputs and outputs
    joins: bool = False  # lines may reach its sides
    aside: bool = False  # it stands to the left of the others in its rank
    leaves: Mapping[str, float] = {}
    reaches: Mapping[int, float] | None = None  # input -> offset; spread in their order where it is left out


class Link(Record):
    """A line from a box to another one."""

    source: int
    target: int
    value: str
    place: int  # among the inputs of the target


class Layout(Record):
    """The centres of boxes and the corners of lines, in the order of items and links."""

    centres: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    width: float
    height: float


class Vertex:
    """A place in a rank: of a box, or a lane."""

    __slots__ = ("item", "left", "rank", "right")

    def __init__(self, rank: int, left: float, right: float, item: int | None = None) -> None:
        self.rank = rank
        self.left = left
        self.right = right
        self.item = item


class Segment:
    """The part of a line between two neighbouring ranks: its vertices, and the offsets in them."""

    __slots__ = ("lower", "reach", "start", "upper", "value")

    def __init__(self, upper: int, lower: int, value: str, start: float = 0.0, reach: float = 0.0) -> None:
        self.upper = upper
        self.lower = lower
        self.value = value
        self.start = start
        self.reach = reach


class Mesh:
    """The vertices in ranks, and the segments between them; `lines` has the segments of each link in order."""

    def __init__(self) -> None:
        self.vertices: list[Vertex] = []
        self.ranks: list[list[int]] = []
        self.segments: list[Segment] = []
        self.lines: list[list[int]] = []
        self.sides: dict[int, int] = {}  # link -> the lane beside its target, whose side it reaches

    def add(self, vertex: Vertex) -> int:
        """A new vertex, behind those of its rank."""
        self.vertices.append(vertex)
        self.ranks[vertex.rank].append(len(self.vertices) - 1)
        return len(self.vertices) - 1
