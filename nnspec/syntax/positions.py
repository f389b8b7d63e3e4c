"""The offsets of the parse tree: from its first part to its last, which lark tells too, with much else, in half of the
time of parsing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from lark import Token, Tree
from lark.parse_tree_builder import PropagatePositions

Part = Tree[Token] | Token | None


class Positions:
    """Makes a tree of its parts, and gives it the offsets at which it starts and ends.

    A tree that stands for another one, such as a sum of one term, keeps its own offsets. Those of its container are the
    ones that count for the tree above it.
    """

    __slots__ = ("make",)

    def __init__(self, make: Callable[[list[Part]], Part]) -> None:
        self.make = make

    def __call__(self, parts: list[Part]) -> Part:
        """The tree of these parts."""
        made = self.make(parts)
        if not isinstance(made, Tree) or (len(parts) == 1 and made is parts[0]):
            return made
        first, last = _place(parts), _place(reversed(parts))
        if first is not None and last is not None:
            meta: Any = made.meta
            if meta.empty:
                meta.empty, meta.start_pos, meta.end_pos = False, first[0], last[1]
            meta.container = first[0], last[1]
        return made


def _place(parts: Iterable[Part]) -> tuple[int, int] | None:
    """The offsets of the first part that has a place in the text."""
    for part in parts:
        if isinstance(part, Token):
            return part.start_pos or 0, part.end_pos or 0
        meta: Any = part.meta if isinstance(part, Tree) else None
        if meta is not None and not meta.empty:
            container: tuple[int, int] = meta.container
            return container
    return None


def quicken(callbacks: dict[object, object]) -> None:
    """Let trees be made by `Positions` where lark's own class would make them."""
    for rule, callback in callbacks.items():
        if isinstance(callback, PropagatePositions):
            callbacks[rule] = Positions(callback.node_builder)
