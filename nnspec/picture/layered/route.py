"""The fourth phase: heights of ranks, and lines with right angles whose level parts lie in the gaps between ranks.

Under each rank is room for words beside the lines that leave it; then come tracks, one for each line that moves
sideways there and meets others; then room for the heads of arrows.
"""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.picture.layered.graph import Item, Layout, Link, Mesh, Point

WORDS = 17.0  # the height of the words on a line
TRACK = 9.0
HEAD = 13.0
_SAME = 0.5


class _Net:
    """The lines of one value in a gap, which share a track."""

    __slots__ = ("ends", "high", "low", "start", "track")

    def __init__(self, start: float) -> None:
        self.start = self.low = self.high = start
        self.ends: list[float] = []
        self.track = 0

    def add(self, end: float) -> None:
        self.ends.append(end)
        self.low, self.high = min(self.low, end), max(self.high, end)

    @property
    def moves(self) -> bool:
        return self.high - self.low > _SAME


def route(mesh: Mesh, items: Sequence[Item], links: Sequence[Link], xs: Sequence[float]) -> Layout:
    """The layout, with its left upper corner at the origin."""
    nets = _nets(mesh, xs)
    tops, y = [], 0.0
    words = [WORDS if worded else 6.0 for worded in _worded(mesh, items)]
    depths: list[float] = []
    for index, rank in enumerate(mesh.ranks):
        heights = [items[item].height for vertex in rank if (item := mesh.vertices[vertex].item) is not None]
        depth = max(heights, default=0.0)
        tops.append(y)
        depths.append(depth)
        if index < len(mesh.ranks) - 1:
            tracks = _tracks([net for net in nets[index].values() if net.moves])
            y += depth + words[index] + tracks * TRACK + HEAD
        else:
            y += depth
    left = min((x - v.left for x, v in zip(xs, mesh.vertices, strict=True)), default=0.0)
    width = max((x + v.right for x, v in zip(xs, mesh.vertices, strict=True)), default=0.0) - left
    centres = [(0.0, 0.0)] * len(items)
    for vertex, x in zip(mesh.vertices, xs, strict=True):
        if vertex.item is not None:
            centres[vertex.item] = (x - left, tops[vertex.rank] + depths[vertex.rank] / 2)
    starts = [top + depth for top, depth in zip(tops, depths, strict=True)]
    routes = []
    for number, link in enumerate(links):
        line = mesh.lines[number]
        x0, y0 = centres[link.source]
        first = mesh.segments[line[0]]
        points: list[Point] = [(x0 + first.start, y0 + items[link.source].height / 2)]
        for part in line:
            segment = mesh.segments[part]
            gap = mesh.vertices[segment.upper].rank
            net = nets[gap][segment.upper, segment.value]
            end = xs[segment.lower] + segment.reach - left
            if abs(end - points[-1][0]) > _SAME:
                level = starts[gap] + words[gap] + net.track * TRACK + TRACK / 2
                points += [(points[-1][0], level), (end, level)]
        x1, y1 = centres[link.target]
        if number in mesh.sides:
            half = items[link.target].width / 2
            points += [(points[-1][0], y1), (x1 - half if points[-1][0] < x1 else x1 + half, y1)]
        else:
            points.append((points[-1][0], y1 - items[link.target].height / 2))
        routes.append(_plain(points))
    return Layout(tuple(centres), tuple(routes), width, y)


def _worded(mesh: Mesh, items: Sequence[Item]) -> list[bool]:
    """For each rank, whether there are words under its boxes."""
    found = [False] * len(mesh.ranks)
    for vertex in mesh.vertices:
        if vertex.item is not None and items[vertex.item].worded:
            found[vertex.rank] = True
    return found


def _nets(mesh: Mesh, xs: Sequence[float]) -> list[dict[tuple[int, str], _Net]]:
    """The lines in the gap under each rank, by the vertex and value they come from."""
    nets: list[dict[tuple[int, str], _Net]] = [{} for _ in mesh.ranks]
    for number in dict.fromkeys(segment for line in mesh.lines for segment in line):
        segment = mesh.segments[number]
        key = (segment.upper, segment.value)
        gap = nets[mesh.vertices[segment.upper].rank]
        net = gap.setdefault(key, _Net(xs[segment.upper] + segment.start))
        net.add(xs[segment.lower] + segment.reach)
    return nets


def _tracks(nets: list[_Net]) -> int:
    """Give lines that move sideways their tracks; the number of tracks."""
    nets.sort(key=lambda net: (net.low, net.high))
    for _ in range(len(nets)):
        swapped = False
        for index in range(len(nets) - 1):
            one, other = nets[index], nets[index + 1]
            if _cost(other, one) < _cost(one, other):
                nets[index], nets[index + 1], swapped = other, one, True
        if not swapped:
            break
    for index, net in enumerate(nets):
        meeting = [each.track for each in nets[:index] if each.low < net.high + 4 and net.low < each.high + 4]
        net.track = max(meeting, default=-1) + 1
    return max((net.track for net in nets), default=-1) + 1


def _cost(upper: _Net, lower: _Net) -> float:
    """The crossings of two lines when one has the track above; that parts would lie on each other costs more."""
    crossings = sum(lower.low < end < lower.high for end in upper.ends) + (upper.low < lower.start < upper.high)
    shared = any(abs(end - lower.start) < 4 and abs(end - upper.start) > _SAME for end in upper.ends)
    return crossings + 10 * shared


def _plain(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without the points that lie on the way between their neighbours."""
    kept: list[Point] = []
    for x, y in points:
        if len(kept) > 1 and (abs(kept[-1][0] - kept[-2][0]) < 0.01 and abs(x - kept[-1][0]) < 0.01):
            kept[-1] = (x, y)
        elif not kept or (x, y) != kept[-1]:
            kept.append((x, y))
    return tuple(kept)
