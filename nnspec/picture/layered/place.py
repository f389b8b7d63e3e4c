"""The third phase: places from left to right, after Brandes and Köpf, with boxes of any width and lines at any offset.

Vertices are aligned into columns with a neighbour above or below, the columns are pushed together; this is done from
all four corners. Of the four results and their mean that is taken whose lines have the fewest bends.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from nnspec.picture.layered.graph import Mesh

GAP = 18.0  # between neighbours in a rank
_STRAIGHT = 0.5  # a line that moves by less has no bend

_Neighbours = list[list[tuple[int, float, float]]]  # of a vertex: another one, the offset there and the own one


def place(mesh: Mesh) -> list[float]:
    """The centre of each vertex."""
    upper, lower = _neighbours(mesh)
    conflicts = _conflicts(mesh)
    boxes = [v.item is not None for v in mesh.vertices]
    lefts, rights = [v.left for v in mesh.vertices], [v.right for v in mesh.vertices]
    found: list[list[float]] = []
    for ranks, near in ((mesh.ranks, upper), (mesh.ranks[::-1], lower)):
        found.append(_placed(ranks, near, conflicts, lefts, rights, boxes))
        mirrored = [rank[::-1] for rank in ranks]
        turned = [[(other, -there, -own) for other, there, own in reversed(each)] for each in near]
        found.append([-x for x in _placed(mirrored, turned, conflicts, rights, lefts, boxes)])
    _align(found, lefts, rights)
    middle = [sum(sorted(values)[1:3]) / 2 for values in zip(*found, strict=True)]
    return min([middle, *found], key=lambda xs: _bends(mesh, xs, upper, lower))


def _neighbours(mesh: Mesh) -> tuple[_Neighbours, _Neighbours]:
    position = {vertex: index for rank in mesh.ranks for index, vertex in enumerate(rank)}
    upper: _Neighbours = [[] for _ in mesh.vertices]
    lower: _Neighbours = [[] for _ in mesh.vertices]
    for segment in _used(mesh):
        s = mesh.segments[segment]
        upper[s.lower].append((s.upper, s.start, s.reach))
        lower[s.upper].append((s.lower, s.reach, s.start))
    for near in (upper, lower):
        for each in near:
            each.sort(key=lambda other: (position[other[0]], other[1]))
    return upper, lower


def _used(mesh: Mesh) -> list[int]:
    return list(dict.fromkeys(segment for line in mesh.lines for segment in line))


def _conflicts(mesh: Mesh) -> set[tuple[int, int]]:
    """Pairs of vertices that are not aligned, because the line between them crosses one between two lanes."""
    position = {vertex: index for rank in mesh.ranks for index, vertex in enumerate(rank)}
    between: list[list[tuple[int, int, int, int, bool]]] = [[] for _ in mesh.ranks]
    for number in _used(mesh):
        s = mesh.segments[number]
        inner = mesh.vertices[s.upper].item is None and mesh.vertices[s.lower].item is None
        between[mesh.vertices[s.upper].rank].append((position[s.upper], position[s.lower], s.upper, s.lower, inner))
    found: set[tuple[int, int]] = set()
    for segments in between:
        lanes = [each for each in segments if each[4]]
        for up, low, upper, lower, inner in segments:
            if not inner and any((up - a) * (low - b) < 0 for a, b, *_ in lanes):
                found |= {(upper, lower), (lower, upper)}
    return found


def _placed(
    ranks: Sequence[Sequence[int]],
    near: _Neighbours,
    conflicts: set[tuple[int, int]],
    lefts: Sequence[float],
    rights: Sequence[float],
    boxes: Sequence[bool],
) -> list[float]:
    """The places when vertices are aligned with their left upper neighbour, and columns pushed to the left."""
    count = len(near)  # what goes from the centre of a box to that of another goes before
    root, shift, taken = list(range(count)), [0.0] * count, [False] * count
    for rank, above in zip(ranks[1:], ranks, strict=False):
        position = {vertex: index for index, vertex in enumerate(above)}
        reached = -1
        for vertex in rank:
            others = [each for each in near[vertex] if each[1] == each[2] == 0.0 and boxes[each[0]]] or near[vertex]
            for index in dict.fromkeys(((len(others) - 1) // 2, len(others) // 2)) if others else ():
                other, there, own = others[index]
                if position[other] > reached and not taken[other] and (vertex, other) not in conflicts:
                    root[vertex], taken[other] = root[other], True
                    shift[vertex] = shift[other] + there - own
                    reached = position[other]
                    break
    return _pushed(ranks, root, shift, lefts, rights)


def _pushed(
    ranks: Sequence[Sequence[int]],
    root: list[int],
    shift: list[float],
    lefts: Sequence[float],
    rights: Sequence[float],
) -> list[float]:
    """Columns as far left as they go, and then as near to their right neighbours."""
    after: dict[int, dict[int, float]] = {each: {} for each in root}
    waiting = dict.fromkeys(after, 0)
    for rank in ranks:
        for one, other in pairwise(rank):
            a, b = root[one], root[other]
            need = shift[one] + rights[one] + GAP + lefts[other] - shift[other]
            if b not in after[a]:
                waiting[b] += 1
            after[a][b] = max(after[a].get(b, need), need)
    order = [each for each, left in waiting.items() if left == 0]
    for each in order:
        for other in after[each]:
            waiting[other] -= 1
            if waiting[other] == 0:
                order.append(other)
    x = dict.fromkeys(order, 0.0)
    for each in order:
        for other, need in after[each].items():
            x[other] = max(x[other], x[each] + need)
    for each in reversed(order):
        if after[each]:
            x[each] = max(x[each], min(x[other] - need for other, need in after[each].items()))
    return [x[root[vertex]] + shift[vertex] for vertex in range(len(root))]


def _align(found: list[list[float]], lefts: Sequence[float], rights: Sequence[float]) -> None:
    """Bring the four results to the borders of the narrowest one."""
    spans = [
        (min(x - left for x, left in zip(xs, lefts, strict=True)), max(x + r for x, r in zip(xs, rights, strict=True)))
        for xs in found
    ]
    low, high = min(spans, key=lambda span: span[1] - span[0])
    for index, (xs, span) in enumerate(zip(found, spans, strict=True)):
        move = low - span[0] if index % 2 == 0 else high - span[1]
        found[index] = [x + move for x in xs]


def _bends(mesh: Mesh, xs: list[float], upper: _Neighbours, lower: _Neighbours) -> float:
    """The bends of lines; those of lanes and of the main line count for more than those of forks."""
    total = 0.0
    for number in _used(mesh):
        s = mesh.segments[number]
        if abs(xs[s.upper] + s.start - xs[s.lower] - s.reach) > _STRAIGHT:
            lanes = mesh.vertices[s.upper].item is None and mesh.vertices[s.lower].item is None
            alone = len(lower[s.upper]) == len(upper[s.lower]) == 1
            centred = abs(s.reach) < _STRAIGHT and upper[s.upper] and lower[s.lower]
            wide = len(lower[s.upper]) > 2 or len(upper[s.lower]) > 2  # branches stand around the middle
            total += 4 if lanes else 3 if alone else 0 if wide else 1 if centred else 0.1
    return total
