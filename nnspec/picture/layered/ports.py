"""Between order and places: where lines leave boxes and reach them, from above or at a side."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.picture.layered.graph import Item, Link, Mesh, Segment, Vertex
from nnspec.picture.layered.rank import LANE

_SPREAD = 26.0  # between lines that reach a box from above


def fix(mesh: Mesh, items: Sequence[Item], links: Sequence[Link]) -> None:
    """Give the ends of segments the offsets that boxes state."""
    for segment in mesh.segments:
        source = mesh.vertices[segment.upper].item
        if source is not None:
            segment.start = items[source].leaves.get(segment.value, 0.0)
    for link, line in zip(links, mesh.lines, strict=True):
        reaches = items[link.target].reaches
        if reaches is not None and line:
            mesh.segments[line[-1]].reach = reaches.get(link.place, 0.0)


def connect(mesh: Mesh, items: Sequence[Item], links: Sequence[Link]) -> None:
    """Give the other ends their offsets, and lanes beside boxes to lines that reach their sides."""
    place = {vertex: index for rank in mesh.ranks for index, vertex in enumerate(rank)}
    arriving: list[list[int]] = [[] for _ in items]
    for number, link in enumerate(links):
        if mesh.lines[number]:
            arriving[link.target].append(number)
    for index, numbers in enumerate(arriving):
        numbers.sort(key=lambda number: _from(mesh, place, number))
        if items[index].reaches is not None:
            continue
        if items[index].joins and len(numbers) in (2, 3):
            _join(mesh, index, numbers, links)
        else:
            main = _main(mesh, numbers, [bool(arriving[links[number].source]) for number in numbers])
            wide = 2 * max(main, len(numbers) - 1 - main) + 2
            step = min(_SPREAD, items[index].width / wide)
            for position, number in enumerate(numbers):
                mesh.segments[mesh.lines[number][-1]].reach = (position - main) * step


def _from(mesh: Mesh, place: dict[int, int], number: int) -> tuple[int, float]:
    last = mesh.segments[mesh.lines[number][-1]]
    return place[last.upper], last.start


def _main(mesh: Mesh, numbers: list[int], fed: list[bool]) -> float:
    """The position of the line that reaches the centre: the only one from the box above; else the middle."""
    near = [mesh.vertices[mesh.segments[mesh.lines[number][-1]].upper].item is not None for number in numbers]
    for chosen in ([a and b for a, b in zip(near, fed, strict=True)], near, fed):
        if sum(chosen) == 1:
            return chosen.index(True)
    return (len(numbers) - 1) / 2


def _join(mesh: Mesh, index: int, numbers: list[int], links: Sequence[Link]) -> None:
    """Of two or three lines one may come from above; the others come from the left and the right."""
    lasts = [mesh.segments[mesh.lines[number][-1]] for number in numbers]
    boxes = [position for position, last in enumerate(lasts) if mesh.vertices[last.upper].item is not None]
    if len(numbers) == 3:
        top: int | None = 1
    else:
        top = boxes[0] if len(boxes) == 1 else None
    for position, number in enumerate(numbers):
        if position != top:
            left = position < (1 if top is None else top)
            _to_side(mesh, index, number, links[number].value, left)


def _to_side(mesh: Mesh, index: int, number: int, value: str, left: bool) -> None:
    old = mesh.segments[mesh.lines[number][-1]]
    rank = mesh.ranks[mesh.vertices[index].rank]
    lane = mesh.add(Vertex(mesh.vertices[index].rank, LANE, LANE))
    rank.remove(lane)
    rank.insert(rank.index(index) + (0 if left else 1), lane)
    mesh.segments.append(Segment(old.upper, lane, value, old.start))
    mesh.lines[number][-1] = len(mesh.segments) - 1
    mesh.sides[number] = lane
