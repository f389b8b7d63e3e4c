"""The first phase: a rank for each box, so that lines go down; and the mesh with lanes for lines that pass ranks."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.picture.layered.graph import Item, Link, Mesh, Segment, Vertex

LANE = 6.0  # half of the room that a lane takes


def rank(items: Sequence[Item], links: Sequence[Link]) -> list[int]:
    """The rank of each box: below all that it takes, and no further up than brings its lines more length."""
    above: list[list[int]] = [[] for _ in items]
    below: list[list[int]] = [[] for _ in items]
    for link in links:
        above[link.target].append(link.source)
        below[link.source].append(link.target)
    order = _in_order(above)
    least = int(any(item.end == "first" for item in items))
    ranks = [0] * len(items)
    for index in order:
        first = items[index].end == "first"
        ranks[index] = 0 if first else max([least, *(ranks[source] + 1 for source in above[index])])
    for index in reversed(order):
        loose = len(below[index]) > len(above[index]) and not items[index].end
        if loose and below[index]:
            ranks[index] = max(ranks[index], min(ranks[target] for target in below[index]) - 1)
    last = max([ranks[index] for index, item in enumerate(items) if item.end != "last"], default=0) + 1
    return [last if item.end == "last" else ranks[index] for index, item in enumerate(items)]


def _in_order(above: list[list[int]]) -> list[int]:
    """The boxes, each behind those that it takes from."""
    done: dict[int, None] = {}
    pending = [(index, False) for index in reversed(range(len(above)))]
    while pending:
        index, ready = pending.pop()
        if ready:
            done[index] = None
        elif index not in done:
            pending.append((index, True))
            pending += [(source, False) for source in above[index] if source not in done]
    return list(done)


def mesh(items: Sequence[Item], links: Sequence[Link]) -> Mesh:
    """The vertices and segments of a level."""
    ranks = rank(items, links)
    made = Mesh()
    made.ranks = [[] for _ in range(max(ranks, default=-1) + 1)]
    for index, item in enumerate(items):
        half = item.width / 2
        made.add(Vertex(ranks[index], half, max(half, item.beside), index))
    lanes: dict[tuple[int, str, int], int] = {}
    known: dict[tuple[int, int, str, int], int] = {}
    for link in links:
        upper, line = link.source, []
        for place in range(ranks[link.source] + 1, ranks[link.target] + 1):
            if place == ranks[link.target]:
                lower = link.target
            else:
                key = (link.source, link.value, place)
                if key not in lanes:
                    lanes[key] = made.add(Vertex(place, LANE, LANE))
                lower = lanes[key]
            piece = (upper, lower, link.value, link.place if lower == link.target else -1)
            if piece not in known:
                known[piece] = len(made.segments)
                made.segments.append(Segment(upper, lower, link.value))
            line.append(known[piece])
            upper = lower
        made.lines.append(line)
    return made
