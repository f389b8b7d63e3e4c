"""`Drafts`: the drafts of a file while patterns are looked for among them: who made a value, and who uses it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import Draft, GraphBuilder
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.network import Stored
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType


class Drafts:
    """Drafts by place, some of which are gone."""

    def __init__(self, builder: GraphBuilder, outputs: set[str]) -> None:
        self.types = builder.types
        self.list: list[Draft | None] = list(builder.drafts)
        self._between: dict[int, list[Draft]] = {}  # drafts that stand before that of a place
        self.uses = Counter([*(each for draft in builder.drafts for each in draft.inputs if each), *outputs])
        self.places = {value: place for place, draft in enumerate(builder.drafts) for value in draft.outputs}
        for draft in builder.drafts:
            self._sweep(draft)

    def at(self, place: int) -> Draft | None:
        """The draft at a place."""
        return self.list[place]

    def kept(self) -> list[Draft]:
        """All that are left, in order."""
        found: list[Draft] = []
        for place, each in enumerate(self.list):
            found += [between for between in self._between.get(place, ()) if self.uses[between.outputs[0]] > 0]
            found += [] if each is None else [each]
        return found

    def put(self, place: int, made: Draft) -> None:
        """Put a draft in the place of one that gives the same values; what it alone had used goes."""
        old = self.list[place]
        assert old is not None
        self.list[place] = made
        self.uses.update(each for each in made.inputs if each)
        self._forget(old)

    def _forget(self, draft: Draft) -> None:
        for value in draft.inputs:
            if value:
                self.uses[value] -= 1
                source = self.made(value)
                if source is not None:
                    self._sweep(source)

    def _sweep(self, draft: Draft) -> None:
        place = self.places[draft.outputs[0]]
        if self.list[place] is draft and not any(self.uses[value] > 0 for value in draft.outputs):
            self.list[place] = None
            self._forget(draft)

    def instead(self, old: Draft, layer: Layer, type: TensorType) -> str:
        """The result of a layer of the inputs of a draft, which is to take its place."""
        place = self.places[old.outputs[0]]
        value = f"{old.outputs[0]}.instead"
        self.types[value] = type
        made = Draft(layer, old.inputs, (value,), old.node)
        self.uses.update(each for each in made.inputs if each)
        self._between.setdefault(place, []).append(made)
        self.places[value] = place
        return value

    def made(self, value: str | None, *kinds: str) -> Draft | None:
        """What made a value, if it is a layer of these kinds, or of any; None for an input."""
        place = None if value is None else self.places.get(value)
        found = None if place is None else self.list[place]
        if found is None or not kinds:
            return found
        return found if not isinstance(found.layer, Stored) and found.layer.kind in kinds else None

    def single(self, value: str | None, *kinds: str) -> Draft | None:
        """As `made`, of a value that nothing else uses."""
        found = self.made(value, *kinds)
        return found if found is not None and self.uses[value or ""] == 1 else None

    def stored(self, value: str | None) -> Known | None:
        """The array of a value that is a tensor of the model's own."""
        found = self.made(value)
        return found.weights[""] if found is not None and isinstance(found.layer, Stored) else None

    def pairs(self, draft: Draft) -> list[tuple[str, str]]:
        """The two operands of a draft, in both orders; nothing if there are not two."""
        if len(draft.inputs) != 2 or None in draft.inputs:
            return []
        left, right = draft.inputs
        return [(left, right), (right, left)] if left != right else [(left, right)]  # type: ignore[list-item]

    def number(self, draft: Draft | None, kind: str, first: bool = False) -> float | None:
        """The number that an operation has in the place of an operand."""
        if draft is None or isinstance(draft.layer, Stored) or draft.layer.kind != kind:
            return None
        layer: Any = draft.layer
        return layer.scalar if layer.scalar is not None and bool(layer.scalar_first) == first else None

    def type(self, value: str | None) -> TensorType:
        """The type of a value."""
        return self.types[value or ""]


def in_place_of(draft: Draft, layer: Layer, *inputs: str | None, node: Draft | None = None, **weights: Known) -> Draft:
    """A layer that gives what a draft gives; it belongs to the module of `node`, if that is another."""
    made = Draft(layer, tuple(inputs), draft.outputs, (node or draft).node)
    made.weights = dict(weights)
    return made


def vector(known: Known | None, size: Any, dim: int, rank: int) -> Known | None:
    """A tensor that stands beside one of `rank` dimensions and differs along `dim` alone, as a vector of `size`."""
    if known is None or not isinstance(size, int) or known.array.size not in (1, size) or known.array.dtype.kind != "f":
        return None
    shape = [1] * (rank - known.rank) + list(known.array.shape)
    if len(shape) != rank or any(each != 1 and place != dim for place, each in enumerate(shape)):
        return None
    return Known(np.broadcast_to(known.array.reshape(-1), (size,)), known.name, True)
