"""The core of attention in ONNX operators, which both attention layers share.

Heads that share a key stay side by side in one larger matrix product, so nothing is copied for grouped queries; what
masks the scores is one tensor that is added, made once for all layers that mask alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nnspec.dims import Size, at_least
from nnspec.layers.alibi import alibi_slopes
from nnspec.record import Record
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.operands import AxisSlice, counted, cut

# As a score: never seen beside any other. Of the least number itself onnxruntime's Attention makes zeros, where a row
# has no other, and all else the mean of the values.
LOWEST = float(np.finfo(np.float32).min) / 2
STORED = 4096  # masks of more elements than this are made when the model runs


class Masks(Record):
    """The masks of keys: truth values (true where a key may be seen), numbers that are added, and the diagonal.

    With `alibi`, distances are added too, times the slope of each of so many heads.
    """

    seen: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    causal: bool = False
    window: int | None = None
    offset: Size = 0  # the place of the first query among the keys
    alibi: int = 0


class Scoring(Record):
    """The making of scores: their factor (1/sqrt(d) where it is None), their bound, and a score of each head's sink."""

    scale: float | None = None
    cap: float | None = None
    sinks: str = ""


class Heads(Record):
    """The sizes of one attention: batch sizes, heads, groups of heads that share a key, lengths and features."""

    batch: tuple[Size, ...]
    heads: tuple[Size, ...]  # () where the tensors have no dimension of heads
    groups: int
    time: Size
    length: Size
    features: int
    values: Size

    def query(self, last: Size) -> tuple[Size, ...]:
        """[N, heads, T, last]."""
        return (*self.batch, *self.heads, self.time, last)

    def grouped(self, last: Size) -> tuple[Size, ...]:
        """[N, kv_heads, groups * T, last]."""
        heads = tuple(size // self.groups for size in self.heads)
        return (*self.batch, *heads, self.groups * self.time, last)


def attend(query: str, key: str, value: str, sizes: Heads, masks: Masks, scoring: Scoring, graph: Graph) -> str:
    """`softmax(scale * query @ key.T + masks) @ value`, [N, heads, T, values]."""
    factor = 1 / math.sqrt(sizes.features) if scoring.scale is None else scoring.scale
    cap, plain = scoring.cap, scoring.cap is None and not scoring.sinks
    if graph.whole_attention and plain and sizes.heads and len(sizes.batch) == 1:
        return _whole(query, key, value, sizes, masks, factor, graph)
    rank = len(sizes.query(1))
    turned = graph.node("Transpose", [key], perm=[*range(rank - 2), rank - 1, rank - 2])
    factor = factor if cap is None else factor / cap
    scaled = query if factor == 1 else graph.node("Mul", [query, graph.constant(factor)])
    shared = sizes.groups > 1
    if shared:
        scaled = graph.reshape(scaled, sizes.query(sizes.features), sizes.grouped(sizes.features))
    scores = graph.node("MatMul", [scaled, turned])
    if cap is not None:
        scores = graph.node("Mul", [graph.node("Tanh", [scores]), graph.constant(cap)])
    if shared:
        scores = graph.reshape(scores, sizes.grouped(sizes.length), sizes.query(sizes.length))
    hidden = _hidden(masks, sizes, graph)
    if hidden:
        scores = graph.node("Add", [scores, hidden])
    if scoring.sinks:
        scores = _with_sinks(scores, scoring.sinks, sizes, graph)
    weights = graph.node("Softmax", [scores], axis=-1)
    if scoring.sinks:
        weights = cut(weights, [AxisSlice(rank - 1, 0, -1)], graph)
    if shared:
        weights = graph.reshape(weights, sizes.query(sizes.length), sizes.grouped(sizes.length))
    result = graph.node("MatMul", [weights, value])
    if shared:
        result = graph.reshape(result, sizes.grouped(sizes.values), sizes.query(sizes.values))
    return result if scoring.sinks else _without_blind(result, masks, sizes, graph)


def _with_sinks(scores: str, sinks: str, sizes: Heads, graph: Graph) -> str:
    """The scores, [N, heads, T, S + 1], with that of the sink of each head behind them."""
    column = graph.node("Unsqueeze", [sinks, graph.constant([1, 2])])
    return graph.node("Concat", [scores, graph.node("Expand", [column, graph.shape(sizes.query(1))])], axis=-1)


def _whole(query: str, key: str, value: str, sizes: Heads, masks: Masks, scale: float, graph: Graph) -> str:
    """As one operator. Its own way of hiding what comes later is used for as many queries as keys only: where there
    are fewer, onnxruntime's processor and its CUDA provider differ in which keys they are the last of."""
    square = masks.causal and masks.window is None and masks.offset == 0 and sizes.time == sizes.length
    added = _hidden(masks.replace(causal=False) if square else masks, sizes, graph)
    if masks.seen or masks.added or masks.alibi:  # onnxruntime takes no mask that stands for all queries
        every = graph.shape((1, 1, sizes.time, sizes.length))
        added = graph.once(("every query", added, every), lambda: graph.node("Expand", [added, every]))
    result = graph.node("Attention", [query, key, value, added], is_causal=int(square), scale=scale)
    return _without_blind(result, masks, sizes, graph)


def _hidden(masks: Masks, sizes: Heads, graph: Graph) -> str:
    """The numbers that are added to the scores, none of them infinite; "" for none."""
    seen, added, slanted = _seen(masks, sizes, graph), _added(masks, graph), _slanted(masks, sizes, graph)

    def make() -> str:
        finite = graph.node("Max", [added, graph.constant(LOWEST)]) if added else ""
        finite = _joined("Add", [name for name in (finite, slanted) if name], graph)
        return graph.node("Where", [seen, finite or graph.constant(0.0), graph.constant(LOWEST)]) if seen else finite

    return graph.once(("hidden", seen, added, slanted), make) if seen or added or slanted else ""


def _slanted(masks: Masks, sizes: Heads, graph: Graph) -> str:
    """[heads, T, S], less the further apart a query and a key are; "" for nothing."""

    def make() -> str:
        slopes = -np.array(alibi_slopes(masks.alibi)).reshape(-1, 1, 1)
        places = counted(masks.offset, masks.offset + sizes.time, graph)
        places = graph.node("Unsqueeze", [places, graph.constant([1])])
        apart = graph.node("Abs", [graph.node("Sub", [places, counted(0, sizes.length, graph)])])
        return graph.node("Mul", [graph.node("Cast", [apart], to=1), graph.constant(slopes, np.float32)])

    key = ("alibi", masks.alibi, sizes.time, sizes.length, masks.offset)
    return graph.once(key, make) if masks.alibi else ""


def _added(masks: Masks, graph: Graph) -> str:
    """The numbers from outside; "" for none."""
    return graph.once(("added", masks.added), lambda: _joined("Add", masks.added, graph)) if masks.added else ""


def _seen(masks: Masks, sizes: Heads, graph: Graph) -> str:
    """The truth values; "" for none."""
    band = masks.causal or masks.window is not None
    key = ("band", sizes.time, sizes.length, masks.causal, masks.window, masks.offset)
    every = (*masks.seen, *([graph.once(key, lambda: _band(masks, sizes, graph))] if band else []))
    return graph.once(("seen", every), lambda: _joined("And", every, graph)) if every else ""


def _joined(op: str, names: Sequence[str], graph: Graph) -> str:
    total = ""
    for name in names:
        total = graph.node(op, [total, name]) if total else name
    return total


def _band(masks: Masks, sizes: Heads, graph: Graph) -> str:
    """[T, S], true where the key is near the query, and not behind it if they are causal."""
    time, length, first = sizes.time, sizes.length, masks.offset
    if isinstance(time, int) and isinstance(length, int) and isinstance(first, int) and time * length <= STORED:
        distance = first + np.arange(time)[:, None] - np.arange(length)
        seen = (distance >= 0) if masks.causal else np.ones_like(distance, np.bool_)
        return graph.constant(seen if masks.window is None else seen & (abs(distance) < masks.window))
    places = graph.node("Unsqueeze", [counted(first, first + time, graph), graph.constant([1])])
    keys = counted(0, length, graph)
    ahead = graph.node("GreaterOrEqual", [places, keys]) if masks.causal else ""
    if masks.window is None:
        return ahead
    apart = graph.node("Abs", [graph.node("Sub", [places, keys])])
    near = graph.node("Less", [apart, graph.constant(masks.window)])
    return graph.node("And", [ahead, near]) if ahead else near


def _without_blind(result: str, masks: Masks, sizes: Heads, graph: Graph) -> str:
    """The result with zeros for queries that see no key, as torch has it."""
    if not masks.seen and not masks.added and _band_shows_a_key(masks, sizes):
        return result
    seen, added = _seen(masks, sizes, graph), _added(masks, graph)

    def make() -> str:
        finite = [graph.node("Greater", [added, graph.constant(-math.inf)])] if added else []
        shown = _joined("And", [*([seen] if seen else []), *finite], graph)
        return graph.node("ReduceMax", [graph.node("Cast", [shown], to=1), graph.constant([-1])], keepdims=1)

    return graph.node("Mul", [result, graph.once(("sighted", seen, added), make)])


def _band_shows_a_key(masks: Masks, sizes: Heads) -> bool:
    """Whether the diagonal leaves every query a key: the first query is not before them, the last not far behind."""
    if masks.window is None:
        return not masks.causal or at_least(masks.offset, 0)
    ahead = 0 if masks.causal else masks.window - 1
    last = sizes.length - masks.offset - sizes.time + masks.window
    return at_least(masks.offset + ahead, 0) and at_least(last, 1)
