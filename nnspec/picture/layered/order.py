"""The second phase: an order in each rank with few crossings, by sweeps in which each vertex goes to its neighbours."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence

from nnspec.picture.layered.graph import Item, Mesh

_SWEEPS = 8
_WIDE = 100_000.0  # wider than any box
_MANY = 4000  # segments; a larger level has fewer sweeps


_Near = list[list[tuple[int, float]]]  # of a vertex: its neighbours, and where in them its line ends


def arrange(mesh: Mesh, items: Sequence[Item]) -> None:
    """Order the ranks of a mesh."""
    upper, lower = _neighbours(mesh)
    _from_the_top(mesh, [[each for each, _ in near] for near in lower], items)
    best, least = [list(rank) for rank in mesh.ranks], _crossings(mesh)
    for sweep in range(_SWEEPS if len(mesh.segments) < _MANY else 2):
        if least == 0:
            break
        down = sweep % 2 == 0
        ranks = mesh.ranks[1:] if down else mesh.ranks[-2::-1]
        place = {vertex: index for rank in mesh.ranks for index, vertex in enumerate(rank)}
        for rank in ranks:
            _sort(rank, upper if down else lower, place)
        found = _crossings(mesh)
        if found < least:
            best, least = [list(rank) for rank in mesh.ranks], found
    mesh.ranks = best


def _neighbours(mesh: Mesh) -> tuple[_Near, _Near]:
    """The neighbours above and below; an offset in a box is less than a place, so that it decides among equals."""
    upper: _Near = [[] for _ in mesh.vertices]
    lower: _Near = [[] for _ in mesh.vertices]
    for segment in mesh.segments:
        upper[segment.lower].append((segment.upper, segment.start / _WIDE))
        lower[segment.upper].append((segment.lower, segment.reach / _WIDE))
    return upper, lower


def _from_the_top(mesh: Mesh, lower: list[list[int]], items: Sequence[Item]) -> None:
    """The order in which a walk down from the first rank meets the vertices: boxes that lead on, dead ends, lanes."""
    aside = [v.item is not None and items[v.item].aside for v in mesh.vertices]
    met: dict[int, int] = {}
    firsts = [vertex for rank in mesh.ranks for vertex in rank]
    pending = firsts[::-1]
    while pending:
        vertex = pending.pop()
        if vertex not in met:
            met[vertex] = len(met)
            below = sorted(lower[vertex], key=lambda each: (mesh.vertices[each].item is None, not lower[each]))
            pending += reversed(below)
    for rank in mesh.ranks:
        rank.sort(key=lambda vertex: (not aside[vertex], met[vertex]))


def _sort(rank: list[int], neighbours: _Near, place: dict[int, int]) -> None:
    """Sort a rank by the mean places of neighbours; what has none keeps its place among the others."""
    key: dict[int, float] = {}
    before = -1.0
    for vertex in rank:
        near = neighbours[vertex]
        before = key[vertex] = sum(place[each] + at for each, at in near) / len(near) if near else before
    rank.sort(key=key.__getitem__)
    place.update({vertex: index for index, vertex in enumerate(rank)})


def _crossings(mesh: Mesh) -> int:
    place = {vertex: index for rank in mesh.ranks for index, vertex in enumerate(rank)}
    between: list[list[tuple[float, float]]] = [[] for _ in mesh.ranks]
    for segment in mesh.segments:
        ends = place[segment.upper] + segment.start / _WIDE, place[segment.lower] + segment.reach / _WIDE
        between[mesh.vertices[segment.upper].rank].append(ends)
    total = 0
    for pairs in between:
        seen: list[float] = []
        for _, low in sorted(pairs):
            total += len(seen) - bisect_right(seen, low)
            insort(seen, low)
    return total
