"""`composed`: sums that go around something as `residual`, branches of one value as `concat`, `add`, `multiply`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Union

from nnspec.importing.bodies import Call, Group, Item, Step
from nnspec.importing.network import Stored
from nnspec.importing.writing import is_expression
from nnspec.layers.tensor_type import TensorType

MERGES = ("Add", "Multiply", "Concat")


class Composite:
    """Branches of one value, and how their results are put together; no steps are the value itself.

    A `residual` has its body, then what goes around it.
    """

    label: str | None = None

    def __init__(
        self, kind: str, branches: list[list[Piece]], read: str, merging: Step, reads: tuple[str, ...]
    ) -> None:
        self.kind = kind
        self.branches = branches
        self.read = read
        self.merging = merging
        self.reads = reads
        self.outputs = merging.outputs


Piece = Union[Step, Call, Group, Composite]  # noqa: UP007


def composed(items: Sequence[Item], outputs: Sequence[str], types: Mapping[str, TensorType]) -> list[Piece]:
    """The items with each merge of branches as one."""
    pieces: list[Piece] = list(items)
    place = 0
    while place < len(pieces):
        piece = pieces[place]
        if isinstance(piece, Step) and piece.operation.layer.kind in MERGES and len(piece.reads) > 1:
            found = _composite(pieces, place, piece, outputs, types)
            if found is not None:
                made, gone = found
                pieces = [each for index, each in enumerate(pieces) if index not in gone]
                place -= sum(index < place for index in gone)
                pieces[place] = made
        place += 1
    return pieces


def _composite(
    pieces: list[Piece], place: int, merging: Step, outputs: Sequence[str], types: Mapping[str, TensorType]
) -> tuple[Composite, set[int]] | None:
    cones = [_cone(pieces, place, value, merging, outputs) for value in merging.reads]
    if len(set(merging.reads)) < len(merging.reads):
        return None
    is_sum = merging.operation.layer.kind == "Add" and len(cones) == 2
    if is_sum and all(types[value].equals(types[merging.outputs[0]]) for value in merging.reads):
        for inner, outer in ((0, 1), (1, 0)):
            body, skip = cones[inner], cones[outer]
            around = merging.reads[outer]
            without = _cone(pieces, place, merging.reads[inner], merging, outputs, stop=around)
            if without and _owns(pieces, without) and around in _outside(pieces, without):
                return _made("residual", pieces, [without, []], around, merging)
            if not body or not skip or not _owns(pieces, body) or not _owns(pieces, skip):
                continue
            shared = _outside(pieces, skip)
            if len(shared) == 1 and shared[0] in _outside(pieces, body) and len(body) >= len(skip):
                return _made("residual", pieces, [body, skip], shared[0], merging)
    return _branches(pieces, cones, merging)


def _branches(pieces: list[Piece], cones: list[list[int]], merging: Step) -> tuple[Composite, set[int]] | None:
    """The merge of branches that each are one chain."""
    own = [_owns(pieces, cone) for cone in cones]
    if not any(own) or (merging.operation.layer.kind == "Add" and not all(own)):
        return None
    read: str | None = None
    for cone, value in zip(cones, merging.reads, strict=True):
        outside = _outside(pieces, cone) if cone else (value,)
        if len(outside) != 1 or read not in (None, outside[0]) or not _is_chain(pieces, cone, outside[0]):
            return None
        read = outside[0]
    assert read is not None
    return _made({"Add": "add", "Multiply": "multiply", "Concat": "concat"}[merging.operation.layer.kind],
                 pieces, cones, read, merging)  # fmt: skip


def _made(
    kind: str, pieces: list[Piece], cones: list[list[int]], read: str, merging: Step
) -> tuple[Composite, set[int]]:
    gone = {index for cone in cones for index in cone}
    more = [value for cone in cones for value in _outside(pieces, cone) if value != read]
    branches = [[pieces[index] for index in cone] for cone in cones]
    return Composite(kind, branches, read, merging, (read, *dict.fromkeys(more))), gone


def _cone(
    pieces: list[Piece], place: int, value: str, merging: Step, outputs: Sequence[str], stop: str = ""
) -> list[int]:
    """The pieces that only this operand depends on, in order."""
    users: dict[str, set[int]] = {}
    for index, piece in enumerate(pieces):
        for each in piece.reads:
            users.setdefault(each, set()).add(index)
    others = set(merging.reads) - {value}
    found: set[int] = set()
    for index in range(place - 1, -1, -1):
        piece = pieces[index]
        if isinstance(piece, Step) and not piece.reads and not is_expression(piece.operation.layer):
            continue
        if any(each in others or each == stop or each in outputs for each in piece.outputs):
            continue
        used = set().union(*(users.get(each, set()) for each in piece.outputs))
        if used and used <= found | ({place} if value in piece.outputs else set()):
            found.add(index)
    return sorted(found)


def _outside(pieces: list[Piece], cone: Sequence[int]) -> tuple[str, ...]:
    made = {value for index in cone for value in pieces[index].outputs}
    return tuple(dict.fromkeys(value for index in cone for value in pieces[index].reads if value not in made))


def _owns(pieces: list[Piece], cone: Sequence[int]) -> bool:
    """Whether one of the pieces is a step of its own, and not only arithmetic."""
    return any(not isinstance(pieces[index], Step) or _is_step(pieces[index]) for index in cone)


def _is_step(piece: Piece) -> bool:
    if not isinstance(piece, Step):
        return True
    kind = piece.operation.layer
    return piece.label is not None or (not isinstance(kind, Stored) and kind.function is None and kind.operator is None)


def _is_chain(pieces: list[Piece], cone: Sequence[int], read: str) -> bool:
    """Whether each piece takes what the one before gives, and nothing else."""
    value = read
    for index in cone:
        piece = pieces[index]
        if set(piece.reads) != {value} or len(piece.outputs) != 1:
            return False
        value = piece.outputs[0]
    return True
