"""A model whose skips nest is drawn as a U: down on the left, up on the right, each skip on one height across.

Both arms are laid out as other levels are, the right one turned. Where the two ends of a skip are not on one height,
all of an arm from the higher end on moves down: lines have right angles, so they only become longer.
"""

from __future__ import annotations

from nnspec.picture.layered.graph import Point
from nnspec.picture.placed import Plate, Sheet, cards, laid_out, moved, turned
from nnspec.picture.scene import Level, Wire
from nnspec.record import Record

_LEAST = 3  # skips of a U
_ACROSS = 70.0  # between the arms
_BELOW = 6.0  # under a block, where a line leaves for the side
_UNDER = 22.0  # under both arms, where the line crosses over


class _Bend(Record):
    """The level in two arms: its skips from the outermost in, and the first box of the right arm."""

    skips: tuple[int, ...]  # wires
    across: int  # the wire at the bottom
    right: frozenset[int]  # boxes of the right arm


class _Arm(Record):
    """One arm in its places, with the numbers of its boxes and wires in the level."""

    sheet: Sheet
    boxes: dict[int, int]
    wires: dict[int, int]


def place(level: Level) -> Sheet:
    """The level of a model in its place, with its left upper corner at the origin."""
    found = _bend(level)
    bent = None if found is None else _drawn(level, found)
    return moved(laid_out(level) if bent is None else bent, 0.0, 0.0)


def arms(level: Level) -> frozenset[int]:
    """The boxes of a model that flow up, in the right arm of its U."""
    found = _bend(level)
    return frozenset() if found is None or _drawn(level, found) is None else found.right


def _bend(level: Level) -> _Bend | None:
    """The two arms of a level; None where its skips do not nest."""
    taps = {index for index, box in enumerate(level.boxes) if box.kind == "tap"}
    long = [i for i, w in enumerate(level.wires) if w.target - w.source > 1 and w.source not in taps]
    skips = _nested(level, long)
    if skips and level.boxes[level.wires[skips[-1]].target].strips[0].name == "+":
        skips.pop()  # a residual at the bottom
    if len(skips) < _LEAST:
        return None
    first = level.wires[skips[-1]].target
    right = {i for i, box in enumerate(level.boxes) if box.kind != "tap" and i >= first}
    right |= {wire.source for wire in level.wires if wire.source in taps and wire.target in right}
    crossing = [i for i, w in enumerate(level.wires) if (w.source in right) != (w.target in right) and i not in skips]
    inputs = [box for box in level.boxes if box.kind == "input"]
    if len(crossing) != 1 or level.wires[crossing[0]].target != first or len(inputs) > 4:
        return None
    return _Bend(tuple(skips), crossing[0], frozenset(right))


def _nested(level: Level, wires: list[int]) -> list[int]:
    """As many wires as there are of which each lies inside the one before."""
    wires.sort(key=lambda i: (level.wires[i].source, level.wires[i].target))
    best: list[list[int]] = []  # for each wire, the longest row that ends with it
    for number in wires:
        wire = level.wires[number]
        rows = (row for row in best if _holds(level.wires[row[-1]], wire))
        best.append([*max(rows, key=len, default=[]), number])
    return max(best, key=len, default=[])


def _holds(outer: Wire, wire: Wire) -> bool:
    return outer.source < wire.source and wire.target < outer.target


def _drawn(level: Level, bend: _Bend) -> Sheet | None:
    left = _arm(level, set(range(len(level.boxes))) - bend.right, bend)
    right = _arm(level, set(bend.right), bend)
    for number in bend.skips:
        wire = level.wires[number]
        leave, reach = _leaves(left, wire), _reaches(right, wire)
        if leave[1] < reach[1]:
            left = _lowered(left, wire.source, reach[1] - leave[1])
        else:
            right = _lowered(right, wire.target, leave[1] - reach[1])
    at = left.sheet.width + _ACROSS
    right = right.replace(sheet=_shifted(right.sheet, at))
    bottom = max(left.sheet.height, right.sheet.height) + _UNDER
    routes: list[tuple[Point, ...]] = [()] * len(level.wires)
    plates: list[Plate | None] = [None] * len(level.boxes)
    for arm in (left, right):
        for index, own in arm.boxes.items():
            plates[index] = arm.sheet.plates[own]
        for number, own in arm.wires.items():
            routes[number] = arm.sheet.routes[own]
    for number in bend.skips:
        routes[number] = _skip(left, right, level.wires[number])
    wire = level.wires[bend.across]
    start, end = _port(left, wire.source), _port(right, wire.target)
    routes[bend.across] = (start, (start[0], bottom), (end[0], bottom), end)
    width = at + right.sheet.width
    made = Sheet(level, 0.0, 0.0, width, bottom + 4.0, tuple(filter(None, plates)), tuple(routes))
    return made if _clear(made, [routes[number] for number in bend.skips]) else None


def _arm(level: Level, chosen: set[int], bend: _Bend) -> _Arm:
    """An arm of its own; what the skips do not come from stands on its outer side."""
    order = sorted(chosen)
    boxes = {index: own for own, index in enumerate(order)}
    kept = [i for i, wire in enumerate(level.wires) if wire.source in chosen and wire.target in chosen]
    wires = tuple(
        level.wires[i].replace(source=boxes[level.wires[i].source], target=boxes[level.wires[i].target]) for i in kept
    )
    down = not chosen & bend.right
    main = _behind(level, kept, level.wires[bend.across].source) if down else chosen
    aside = {boxes[index] for index in chosen - main}
    sheet = laid_out(Level(tuple(level.boxes[index] for index in order), wires), aside=aside)
    return _Arm(sheet if down else turned(sheet), boxes, {number: own for own, number in enumerate(kept)})


def _behind(level: Level, kept: list[int], last: int) -> set[int]:
    """The boxes that lead to one, but for values that are told by name."""
    found, pending = {last}, [last]
    while pending:
        box = pending.pop()
        for number in kept:
            wire = level.wires[number]
            if wire.target == box and wire.source not in found and level.boxes[wire.source].kind != "tap":
                found.add(wire.source)
                pending.append(wire.source)
    return found


def _leaves(arm: _Arm, wire: Wire) -> Point:
    """Where a skip leaves the left arm: at the side of a box, or under an open block."""
    plate = arm.sheet.plates[arm.boxes[wire.source]]
    if plate.inside is None:
        return plate.x + plate.width + cards(plate.box), plate.y + plate.height / 2
    return _port(arm, wire.source)[0], plate.y + plate.height + cards(plate.box) + _BELOW


def _reaches(arm: _Arm, wire: Wire) -> Point:
    """Where a skip reaches the right arm: at the side of a box, or under an input of an open block."""
    plate = arm.sheet.plates[arm.boxes[wire.target]]
    if plate.inside is None:
        return plate.x, plate.y + plate.height / 2
    inputs = [each for each in plate.inside.plates if each.box.kind == "input"]
    port = inputs[wire.place]
    x = plate.x + plate.inside.x + port.x + port.width / 2
    return x, plate.y + plate.height + cards(plate.box) + _BELOW


def _skip(left: _Arm, right: _Arm, wire: Wire) -> tuple[Point, ...]:
    leave, reach = _leaves(left, wire), _reaches(right, wire)
    source, target = left.sheet.plates[left.boxes[wire.source]], right.sheet.plates[right.boxes[wire.target]]
    start = () if source.inside is None else ((leave[0], leave[1] - _BELOW),)
    end = () if target.inside is None else ((reach[0], reach[1] - _BELOW - cards(target.box)),)
    return (*start, leave, (reach[0], leave[1]), *end)


def _port(arm: _Arm, box: int) -> Point:
    """The lower end of a box, where the line at the bottom of the U ends."""
    plate = arm.sheet.plates[arm.boxes[box]]
    x = plate.x + plate.width / 2
    if plate.inside is not None:
        ends = [each for each in plate.inside.plates if each.box.kind in ("input", "output")]
        last = ends[0] if arm.sheet.plates[arm.boxes[box]].box.kind == "block" and _up(arm, box) else ends[-1]
        x = plate.x + plate.inside.x + last.x + last.width / 2
    return x, plate.y + plate.height + cards(plate.box)


def _up(arm: _Arm, box: int) -> bool:
    """Whether the inside of a block flows up: its first input lies lower than its output."""
    inside = arm.sheet.plates[arm.boxes[box]].inside
    return inside is not None and inside.plates[0].y > inside.plates[-1].y


def _lowered(arm: _Arm, box: int, by: float) -> _Arm:
    """An arm with all that is not above a box moved down."""
    sheet = arm.sheet
    middle = _middle(sheet.plates[arm.boxes[box]])
    cut = min(p.y for p in sheet.plates if abs(_middle(p) - middle) < 1.0) - 1.0  # those in its rank
    plates = tuple(p.replace(y=p.y + by) if p.y >= cut else p for p in sheet.plates)
    routes = tuple(tuple((x, y + by if y >= cut else y) for x, y in route) for route in sheet.routes)
    return arm.replace(sheet=sheet.replace(plates=plates, routes=routes, height=sheet.height + by))


def _middle(plate: Plate) -> float:
    return plate.y + (plate.height + cards(plate.box)) / 2


def _shifted(sheet: Sheet, x: float) -> Sheet:
    plates = tuple(plate.replace(x=plate.x + x) for plate in sheet.plates)
    return sheet.replace(plates=plates, routes=tuple(tuple((a + x, b) for a, b in route) for route in sheet.routes))


def _clear(sheet: Sheet, skips: list[tuple[Point, ...]]) -> bool:
    """Whether no skip crosses a box on its way."""
    for route in skips:
        (x0, y), (x1, _) = route[-2:] if abs(route[-1][1] - route[-2][1]) < 0.01 else route[-3:-1]
        for plate in sheet.plates:
            if plate.y < y < plate.y + plate.height and x0 + 1 < plate.x + plate.width and plate.x < x1 - 1:
                return False
    return True
