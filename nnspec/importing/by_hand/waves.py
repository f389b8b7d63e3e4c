"""`Waves`: the angles of rotary positions, and their cosines and sines, wherever in a network they are computed."""

from __future__ import annotations

from typing import Any

from nnspec.importing.by_hand.graph import Graph
from nnspec.importing.by_hand.places import Numbers, Places
from nnspec.importing.network import Operation, Stored
from nnspec.record import Record


class Wave(Record):
    """Frequencies, multiplied by the places along a dimension, perhaps as cosines or sines.

    Dimensions are counted from the last, as -1. A layout says which pair of features an element belongs to: there is
    one for each pair ("pairs"), all of them twice ("halves"), or each twice ("interleaved").
    """

    base: float
    width: int  # the number of features
    features: int
    time: int | None = None
    layout: str = "pairs"
    kind: str = ""

    def with_dims(self, order: dict[int, int]) -> Wave | None:
        """The same where the dimensions have moved, by where they are now; None where one of them is gone."""
        time = None if self.time is None else order.get(self.time)
        features = order.get(self.features)
        if features is None or (self.time is not None and time is None):
            return None
        return self.replace(features=features, time=time)


class Waves:
    """Finds the waves that values are."""

    def __init__(self, graph: Graph, places: Places) -> None:
        self.graph = graph
        self.places = places
        self.known: dict[str, Wave | None] = {}

    def of(self, value: str | None) -> Wave | None:
        """The wave that a value is; None where it is none."""
        if value is None:
            return None
        if value not in self.known:
            self.known[value] = None
            operation = self.graph.made.get(value)
            self.known[value] = None if operation is None else self._made(operation)
        return self.known[value]

    def _made(self, operation: Operation) -> Wave | None:
        layer: Any = operation.layer
        if isinstance(layer, Stored):
            return None if layer.base is None else Wave(layer.base, 2 * int(str(layer.type.shape[0])), -1)
        if not operation.inputs:
            return None
        shape = self.graph.shape(operation.outputs[0])
        first = self.of(operation.inputs[0])
        rank = len(self.graph.shape(operation.inputs[0] or ""))
        if layer.kind in ("Cast", "Expand") and first is not None:
            return first
        if layer.kind in ("Divide", "Power") and first is None:
            return self._computed(operation)
        if layer.kind in ("Cos", "Sin") and first is not None and not first.kind and first.time is not None:
            return first.replace(kind=layer.kind)
        if layer.kind in ("Unsqueeze", "Squeeze", "Transpose", "Permute") and first is not None:
            return first.with_dims(_moved(layer, rank, len(shape)))
        if layer.kind in ("Multiply", "MatMul", "Einsum") and len(operation.inputs) == 2:
            return self._outer(operation, len(shape))
        if first is None or first.layout not in ("pairs", "halves"):
            return None
        if layer.kind == "Concat" and len(operation.inputs) == 2 and first.layout == "pairs":
            same = operation.inputs[0] == operation.inputs[1] or self.of(operation.inputs[1]) == first
            return first.replace(layout="halves") if same and layer.dim % rank - rank == first.features else None
        if layer.kind == "RepeatInterleave" and first.layout == "pairs" and layer.repeats == 2:
            return first.replace(layout="interleaved") if layer.dim % rank - rank == first.features else None
        if layer.kind == "Subscript" and first.layout == "halves" and first.features == -1:
            half = first.width // 2
            cut = layer.items[0] == "..." and layer.items[1:] in ((("slice", None, half, None),),)
            return first.replace(layout="pairs") if cut else None
        return None

    def _computed(self, operation: Operation) -> Wave | None:
        """Frequencies that are computed where they are used: base ** (-Range(d, step = 2) / d), or 1 / base ** ..."""
        inverse = operation.layer.kind == "Divide"
        power = self.graph.maker(operation.inputs[0], "Power") if inverse else operation
        share = None if power is None else self.graph.maker(power.inputs[0], "Divide")
        if power is None or share is None or (inverse and not _is_number_first(operation, 1)):
            return None
        base, divisor = getattr(power.layer, "scalar", None), getattr(share.layer, "scalar", None)
        places, count = self.places.numbers(share.inputs[0]), self.graph.shape(operation.outputs[0])
        if not isinstance(base, (int, float)) or not _is_number_first(power, base) or len(count) != 1:
            return None
        if places != Numbers(0, (2 if inverse else -2,)) or divisor != 2 * count[0] or _is_number_first(share, divisor):
            return None
        return Wave(float(base), int(str(divisor)), -1)

    def _outer(self, operation: Operation, rank: int) -> Wave | None:
        """Frequencies times the places along another dimension."""
        values: list[Any] = list(operation.inputs)
        for wave_first, pair in ((True, values), (False, values[::-1])):
            wave, places = self.of(pair[0]), self.places.numbers(pair[1])
            if wave is None or places is None or wave.time is not None or places.constant != 0:
                continue
            along = [dim for dim, factor in enumerate(places.factors) if factor != 0]
            if len(along) != 1 or places.factors[along[0]] != 1:
                continue
            time = along[0] - len(places.factors)
            if operation.layer.kind == "Multiply" and getattr(operation.layer, "scalar", None) is None:
                return wave.replace(time=time) if time != wave.features else None
            if operation.layer.kind == "MatMul":
                inner = self.graph.shape(values[0])[-1]
                dims = (wave.features, time) == ((-2, -1) if wave_first else (-1, -2))
                return wave.replace(time=time) if inner == 1 and dims else None
            text = operation.layer.equation.replace(" ", "")  # type: ignore[union-attr]
            one, two, made = text[:1], text[2:3], text[5:]
            if text == f"{one},{two}->{one}{two}" and len(made) == 2 and one != two:
                return wave.replace(features=-2, time=-1) if wave_first else wave.replace(features=-1, time=-2)
        return None


def _is_number_first(operation: Operation, number: Any) -> bool:
    """Whether the first operand is a number, this one."""
    return bool(getattr(operation.layer, "scalar_first", False)) and getattr(operation.layer, "scalar", None) == number


def _moved(layer: Any, rank: int, made: int) -> dict[int, int]:
    """Where each dimension is behind a layer that moves them, counted from the last."""
    order: list[int | None] = list(range(rank))
    if layer.kind == "Unsqueeze":
        order.insert(layer.dim % (rank + 1), None)
    elif layer.kind == "Squeeze":
        gone = {each % rank for each in (layer.dim if isinstance(layer.dim, tuple) else (layer.dim,))}
        order = [dim for dim in range(rank) if dim not in gone]
    elif layer.kind == "Permute":
        order = [dim % rank for dim in layer.dims]
    else:
        one, other = layer.dim0 % rank, layer.dim1 % rank
        order[one], order[other] = order[other], order[one]
    return {dim - rank: place - made for place, dim in enumerate(order) if dim is not None}
