"""Random inputs for a comparison: small sizes for the symbols, at which every tensor of the model has elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nnspec.dims import Size, Symbol, Undecidable, substitute, symbols
from nnspec.ir import Program
from nnspec.layers.base import TensorType
from nnspec.weights.arrays import ELEMENT_TYPES, Array

Sizes = dict[str, int]
_TRIED = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024)


def size_choices(program: Program) -> Iterator[Sizes]:
    """Values for the symbols of a program's inputs, small ones first; one empty choice where there are none."""
    found = {symbol for given in program.main.input_types for size in given.shape for symbol in symbols(size)}
    ordered = sorted(found, key=str)
    every = {size for key in program.order for given in program.modules[key].values.values() for size in given.shape}
    demands: set[Size] = {size for size in every if not isinstance(size, int)}
    alike = ({symbol.text: _within(symbol, common) for symbol in ordered} for common in _TRIED)
    first = next((sizes for sizes in alike if _fits(sizes, demands)), None)
    if first is None:
        return
    small, seen = _smallest(first, ordered, demands), list[Sizes]()
    for factor in (1, 2, 4, 8):  # larger ones are for what shapes do not show: a reflection needs as much as it adds
        grown = {symbol.text: _within(symbol, factor * small[symbol.text]) for symbol in ordered}
        distinct = {symbol.text: _within(symbol, grown[symbol.text] + 1 + i) for i, symbol in enumerate(ordered)}
        for sizes in (distinct, grown):
            if sizes not in seen and _fits(sizes, demands):
                seen.append(sizes)
                yield sizes


def _within(symbol: Symbol, value: int) -> int:
    low, high = symbol.bounds
    return max(low, value if high is None else min(value, high))


def _fits(sizes: Sizes, demands: set[Size]) -> bool:
    try:
        values = [substitute(size, sizes) for size in demands]
    except (Undecidable, ZeroDivisionError):
        return False
    return all(isinstance(value, int) and value >= 1 for value in values)


def _smallest(sizes: Sizes, ordered: list[Symbol], demands: set[Size]) -> Sizes:
    """The sizes with one symbol after the other made as small as the others allow."""
    result = dict(sizes)
    for symbol in ordered:
        tried = ({**result, symbol.text: _within(symbol, value)} for value in _TRIED if value < result[symbol.text])
        result = next((choice for choice in tried if _fits(choice, demands)), result)
    return result


def random_inputs(inputs: Mapping[str, TensorType], sizes: Sizes, below: int, seed: int = 0) -> dict[str, Array]:
    """Standard normal numbers, integers from 0 up to `below`, and booleans, at these sizes."""
    random = np.random.default_rng(seed)
    made: dict[str, Array] = {}
    for name, given in inputs.items():
        shape = tuple(int(str(substitute(size, sizes))) for size in given.shape)
        if given.dtype == "float":
            array: Array = random.standard_normal(shape)
        else:
            array = random.integers(0, below if given.dtype == "int" else 2, shape)
        made[name] = array.astype(ELEMENT_TYPES[given.dtype])
    return made
