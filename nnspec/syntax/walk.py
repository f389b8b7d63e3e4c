"""A walk through a piece of the text: all its nodes, the names that it uses, the labels that it gives; or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from nnspec.syntax import tree as t

Piece = TypeVar("Piece")


def nodes(piece: object) -> Iterator[t.Node]:
    """All nodes of a node, or of a tuple of them; itself first."""
    pending = [piece]
    while pending:
        current = pending.pop()
        if isinstance(current, tuple):
            pending += current
        elif isinstance(current, t.Node):
            yield current
            pending += [getattr(current, name) for name in current.record_fields[2:]]


def names_in(piece: object) -> set[str]:
    """All names that a piece of the text uses; `_` is the value that flows."""
    return {each.text for each in nodes(piece) if isinstance(each, t.Name)}


def labels_in(piece: object) -> set[str]:
    """The labels that a piece of the text gives, but for those that an expression makes."""
    labels = (each.label for each in nodes(piece) if isinstance(each, t.Item))
    return {label.text for label in labels if isinstance(label, t.Identifier)}


def moved(piece: Piece, by: int) -> Piece:
    """A node, or a tuple with nodes in it, as it is where it stands so many characters further on."""
    if isinstance(piece, tuple):
        return type(piece)([moved(each, by) for each in piece])
    if not isinstance(piece, t.Node):
        return piece
    made = object.__new__(type(piece))
    state = made.__dict__
    for name in piece.record_fields:
        value = getattr(piece, name)
        state[name] = moved(value, by) if isinstance(value, (t.Node, tuple)) else value
    state["start"] += by
    state["end"] += by
    return made
