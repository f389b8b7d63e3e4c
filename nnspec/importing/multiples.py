"""Numbers that differ between bodies as multiples: of a parameter of their block, or of a size of what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nnspec.dims import Size, exact_divide
from nnspec.dims import Undecidable as NotExact
from nnspec.importing import syntax
from nnspec.importing.block import Block

MOST = 16  # times another number


def by_parameter(block: Block, values: Sequence[int]) -> Any:
    """A whole multiple of a parameter, or a whole part of one; the values are of the first bodies of the block."""
    for parameter in block.parameters:
        if not all(type(each) is int for each in parameter.values) or len(set(parameter.values)) < 2:
            continue
        found = _of(values, parameter.values[: len(values)], parameter.name)
        if found is not None:
            return found
    return None


def by_size(block: Block, values: Sequence[int]) -> Any:
    """A whole multiple or part of a dimension of the first inputs."""
    sizes = block.sizes[: len(values)]
    for index in range(len(sizes[0].given)):
        for dim in range(1, len(sizes[0].given[index].shape)):
            have = [each.given[index].shape[dim] for each in sizes]
            if all(isinstance(each, int) and each > 1 for each in have):
                found = _of(values, have, sizes[0].name(index, dim))
                if found is not None:
                    return found
    return None


def _of(values: Sequence[int], units: Sequence[Any], name: str) -> Any:
    factor = _factor(values, units)
    if factor is not None and factor <= MOST:
        return syntax.name(name) if factor == 1 else syntax.binary("*", syntax.plain(factor), syntax.name(name))
    factor = _factor(units, values)
    return None if factor is None or factor > MOST else syntax.binary("//", syntax.name(name), syntax.plain(factor))


def _factor(values: Iterable[Any], units: Iterable[Any]) -> int | None:
    found: set[Size] = set()
    for value, unit in zip(values, units, strict=True):
        try:
            found.add(exact_divide(value, unit))
        except (NotExact, ZeroDivisionError):
            return None
    one = found.pop() if len(found) == 1 else None
    return one if isinstance(one, int) and one > 0 else None
