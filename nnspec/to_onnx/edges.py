"""Inputs that users send, and that random numbers are not: masks that hide all, the ends of tables, NaN, infinity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.weights.arrays import Array


class Edge(Record):
    """Inputs with what is special about them, in words; of `unknown` values only their places are compared."""

    words: str
    inputs: dict[str, Array]
    unknown: bool = False


def edges(
    types: Mapping[str, TensorType], drawn: Mapping[str, Array], below: Mapping[str, int], masks: frozenset[str]
) -> Iterator[Edge]:
    """Variants of inputs that were drawn.

    Args:
        types: the types of the inputs.
        drawn: the inputs.
        below: what those that are indices must be below.
        masks: those that hide places where they are false, or minus infinity.
    """
    hiding = [name for name, type in types.items() if type.dtype == "bool" or name in masks]
    for words, pattern in _PATTERNS.items() if hiding else ():
        yield Edge(words, {**drawn, **{name: _mask(pattern, drawn[name]) for name in hiding}})
    if below:
        ends = {
            name: np.arange(drawn[name].size).reshape(drawn[name].shape) % 2 * (rows - 1)
            for name, rows in below.items()
        }
        yield Edge("first and last rows", {**drawn, **ends})
    floats = [name for name, type in types.items() if type.dtype == "float" and name not in masks]
    for words, value in (("NaN", np.nan), ("infinity", np.inf)) if floats else ():
        yield Edge(words, {**drawn, **{name: _with(drawn[name], value) for name in floats}}, True)


def _after_half(shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(np.arange(shape[-1] if shape else 1) >= (shape[-1] if shape else 0) // 2, shape)


_PATTERNS: dict[str, Callable[[tuple[int, ...]], Array]] = {
    "masks that hide everything": lambda shape: np.zeros(shape, np.bool_),
    "padding on the left": _after_half,
    "padding on the right": lambda shape: ~_after_half(shape),
}


def _mask(pattern: Callable[[tuple[int, ...]], Array], like: Array) -> Array:
    seen = pattern(like.shape)
    return np.array(seen if like.dtype == np.bool_ else np.where(seen, 0.0, -np.inf), like.dtype)


def _with(array: Array, value: float) -> Array:
    """The array with its first element replaced."""
    changed = array.copy()
    changed.reshape(-1)[:1] = value
    return changed
