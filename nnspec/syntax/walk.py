"""A walk through a piece of the text: all its nodes, the names that it uses and gives; or the same elsewhere."""

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


def givers(node: t.Declaration) -> list[t.Identifier | t.Name]:
    """The places in a declaration that give a name its meaning."""
    found: list[t.Identifier | t.Name] = []
    parameters = {each.name.text for each in getattr(node, "parameters", ())}
    for each in nodes(node):
        match each:
            case t.Parameter() | t.BlockInput():
                found.append(each.name)
            case t.Input():
                found.append(each.name)
                found += _sizes(each.shape, parameters)
            case t.Bind() | t.For():
                found += each.names
            case t.Output(chain=t.Chain()):
                found.append(each.name)
            case t.Item():
                if isinstance(each.label, t.Identifier):
                    found.append(each.label)
                if isinstance(each.step, t.ListOf):
                    found += _sizes(each.step, parameters)
    return found


def _sizes(shape: t.ListOf, parameters: set[str]) -> list[t.Name]:
    """The names that a shape gives to dimensions: `h` in `[N, 32 * h]`, and no parameter."""
    names = [each for each in nodes(shape.items) if isinstance(each, t.Name)]
    return [each for each in names if each.text != "_" and each.text not in parameters]


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
