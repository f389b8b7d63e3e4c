"""A level for languages of graphs: boxes with names of their own, and edges that go to what is inside open blocks."""

from __future__ import annotations

from nnspec.picture.scene import Box, Level
from nnspec.record import Record


class Node(Record):
    """A box with its name in the file."""

    name: str
    box: Box
    inside: Flat | None
    end: bool  # it is only where lines enter or leave an open block


class Edge(Record):
    """A line between two names."""

    source: str
    target: str
    shape: str


class Flat(Record):
    """The boxes of a level, and its edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def flat(level: Level, name: str, *, inner: bool = False) -> Flat:
    """A level whose boxes are named after it."""
    nodes = []
    for index, box in enumerate(level.boxes):
        own = f"{name}_{index}"
        inside = None if box.inside is None else flat(box.inside, own, inner=True)
        nodes.append(Node(own, box, inside, inner and box.kind in ("input", "output")))
    edges = []
    for wire in level.wires:
        source, target = nodes[wire.source], nodes[wire.target]
        shape = wire.shape if source.inside is None and not source.end else ""
        edges.append(Edge(_leaves(source, wire.value), _reaches(target, wire.place), shape))
    return Flat(tuple(nodes), tuple(edges))


def _leaves(node: Node, value: str) -> str:
    if node.inside is None:
        return node.name
    outputs = [each for each in node.inside.nodes if each.box.kind == "output"]
    return outputs[node.box.gives.index(value)].name


def _reaches(node: Node, place: int) -> str:
    if node.inside is None:
        return node.name
    inputs = [each for each in node.inside.nodes if each.box.kind == "input"]
    return inputs[min(place, len(inputs) - 1)].name  # what decides among experts is no input of theirs
