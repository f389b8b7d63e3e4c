"""The layout of a level from its boxes and lines: the four phases in turn."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.picture.layered.graph import Item, Layout, Link
from nnspec.picture.layered.order import arrange
from nnspec.picture.layered.place import place
from nnspec.picture.layered.ports import connect, fix
from nnspec.picture.layered.rank import mesh
from nnspec.picture.layered.route import route


def layout(items: Sequence[Item], links: Sequence[Link]) -> Layout:
    """The places of boxes and lines."""
    made = mesh(items, links)
    fix(made, items, links)
    arrange(made, items)
    connect(made, items, links)
    return route(made, items, links, place(made))
