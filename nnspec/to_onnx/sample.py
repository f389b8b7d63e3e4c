"""Random inputs for a comparison: sizes for the symbols at which every tensor of the model has elements, and arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nnspec.dims import Size, Symbol, Undecidable, substitute, symbols
from nnspec.ir import Program
from nnspec.ir.indices import index_bounds, length_bounds
from nnspec.weights.arrays import ELEMENT_TYPES, Array

Sizes = dict[str, int]
_TRIED = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 1024)
_GROWTH = 16  # of a random size over the smallest, and of all of them together
_DRAWS = 1000  # of random sizes before there are held to be no more


class SizeSpace:
    """The sizes that the symbols of a program's inputs can have."""

    def __init__(self, program: Program) -> None:
        found = {symbol for given in program.main.input_types for size in given.shape for symbol in symbols(size)}
        values = (given for key in program.order for given in program.modules[key].values.values())
        self.symbols = sorted(found, key=str)
        sizes = {size for given in values for size in given.shape if not isinstance(size, int)}
        self.demands: set[Size] = {size for size in sizes if symbols(size) <= found}  # no rows of experts

    def choices(self, seed: int = 0) -> Iterator[Sizes]:
        """Small sizes first, then each bounded symbol at its bound, then random ones without end; none if none fit.

        Where there are no symbols it is the same empty choice again and again.
        """
        small = self._smallest()
        if small is None:
            return
        regular = list(self._grown(small))
        yield from regular[:2]
        yield from self._at_bounds(small)
        yield from regular[2:]
        yield from self._random(small, np.random.default_rng(seed))

    def lopsided(self) -> Iterator[Sizes]:
        """For each symbol small sizes of the others, and a large one of its own."""
        small = self._smallest()
        for symbol in self.symbols if small and len(self.symbols) > 1 else ():
            large = {**small, symbol.text: _within(symbol, _GROWTH * small[symbol.text])} if small else {}
            if large != small and self._fits(large):
                yield large

    def _smallest(self) -> Sizes | None:
        """Sizes that fit, one symbol after the other made as small as the others allow."""
        alike = ({symbol.text: _within(symbol, common) for symbol in self.symbols} for common in _TRIED)
        result = next((sizes for sizes in alike if self._fits(sizes)), None)
        if result is None:
            return None
        for symbol in self.symbols:
            name = symbol.text
            less = [{**result, name: _within(symbol, value)} for value in _TRIED if value < result[name]]
            result = next((sizes for sizes in less if self._fits(sizes)), result)
        return result

    def _grown(self, small: Sizes) -> Iterator[Sizes]:
        """Multiples; larger ones are for what shapes do not show: a reflection needs as much as it adds."""
        seen: list[Sizes] = []
        for factor in (1, 2, 4, 8):
            grown = {symbol.text: _within(symbol, factor * small[symbol.text]) for symbol in self.symbols}
            apart = {symbol.text: _within(symbol, grown[symbol.text] + 1 + i) for i, symbol in enumerate(self.symbols)}
            for sizes in (apart, grown):
                if sizes not in seen and self._fits(sizes):
                    seen.append(sizes)
                    yield sizes

    def _at_bounds(self, small: Sizes) -> Iterator[Sizes]:
        for symbol in self.symbols:
            high = symbol.bounds[1]
            if high is not None and self._fits({**small, symbol.text: high}):
                yield {**small, symbol.text: high}

    def _random(self, small: Sizes, random: np.random.Generator) -> Iterator[Sizes]:
        misses = 0
        while misses < _DRAWS:
            shares = random.dirichlet(np.ones(len(self.symbols) + 1))  # one is left to none of them
            drawn = zip(self.symbols, _GROWTH**shares, strict=False)
            sizes = {symbol.text: _within(symbol, int(small[symbol.text] * factor)) for symbol, factor in drawn}
            if self._fits(sizes):
                misses = 0
                yield sizes
            else:
                misses += 1

    def _fits(self, sizes: Sizes) -> bool:
        try:
            values = [substitute(size, sizes) for size in self.demands]
        except (Undecidable, ZeroDivisionError):
            return False
        return all(isinstance(value, int) and value >= 1 for value in values)


def _within(symbol: Symbol, value: int) -> int:
    low, high = symbol.bounds
    return max(low, value if high is None else min(value, high))


def random_inputs(program: Program, sizes: Sizes, otherwise: int, seed: int = 0) -> dict[str, Array]:
    """Standard normal numbers, booleans, and integers that a program takes, or from 0 up to `otherwise`."""
    random, below, lengths = np.random.default_rng(seed), index_bounds(program), length_bounds(program)
    made: dict[str, Array] = {}
    for port, given in zip(program.main.inputs, program.main.input_types, strict=True):
        name, shape = port.name, tuple(int(str(substitute(size, sizes))) for size in given.shape)
        if given.dtype == "float":
            array: Array = random.standard_normal(shape)
        elif name in lengths:
            array = random.integers(1, int(str(substitute(lengths[name], sizes))) + 1, shape)
        else:
            array = random.integers(0, below.get(name, otherwise) if given.dtype == "int" else 2, shape)
        made[name] = array.astype(ELEMENT_TYPES[given.dtype])
    return made
