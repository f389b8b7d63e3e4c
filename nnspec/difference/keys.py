"""The keys of two `state_dict`s: those that are new, gone or of another shape, with repeats as ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import prod

from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.ir.state import state_dict
from nnspec.limits import Limits
from nnspec.record import Record

Shape = tuple[int, ...]


class Keys(Record):
    """The keys of two models, and how many there are of each."""

    before: int
    after: int
    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]


def compare_keys(before: Program, after: Program, limits: Limits) -> Keys:
    """Compare the keys.

    Raises:
        SpecError: a model has more layers than the limit.
    """
    one, other = _shapes(before, limits), _shapes(after, limits)
    both = [(key, one[key], other[key]) for key in other if key in one and one[key] != other[key]]
    return Keys(
        len(one),
        len(other),
        tuple(_folded((key, _text(other[key])) for key in other if key not in one)),
        tuple(_folded((key, _text(one[key])) for key in one if key not in other)),
        tuple(_folded((key, f"{_text(was)} -> {_text(now)}") for key, was, now in both)),
    )


def _shapes(program: Program, limits: Limits) -> dict[str, Shape]:
    with flattening(program, limits):
        return {entry.key: entry.weight.shape for entry in state_dict(program) if entry.weight.persistent}


def _text(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _folded(keys: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Keys with what is said of them; those that differ in numbers only, which are consecutive, are one."""
    groups: dict[tuple[str, str], list[tuple[int, ...]]] = {}
    for key, said in keys:
        parts = key.split(".")
        pattern = ".".join("{}" if part.isdecimal() else part.replace("{", "{{").replace("}", "}}") for part in parts)
        groups.setdefault((pattern, said), []).append(tuple(int(part) for part in parts if part.isdecimal()))
    for (pattern, said), numbers in groups.items():
        for ranges in _ranges(numbers):
            yield f"{pattern.format(*ranges)} {said}"


def _ranges(numbers: list[tuple[int, ...]]) -> Iterator[tuple[str, ...]]:
    """Rows of numbers as few rows of ranges."""
    columns = [sorted(set(column)) for column in zip(*numbers, strict=True)]
    whole = prod(map(len, columns)) == len(numbers) and set(product(*columns)) == set(numbers)
    if whole and all(column == list(range(column[0], column[-1] + 1)) for column in columns):
        yield tuple(f"{column[0]}..{column[-1]}" if len(column) > 1 else str(column[0]) for column in columns)
        return
    place = next(index for index, column in enumerate(columns) if len(column) > 1)
    for run in _runs(columns[place]):
        chosen = [row for row in numbers if row[place] in run]
        if len(chosen) == len(numbers):  # it is another column that has gaps
            for number in columns[place]:
                yield from _ranges([row for row in numbers if row[place] == number])
        else:
            yield from _ranges(chosen)


def _runs(numbers: list[int]) -> Iterator[set[int]]:
    """Sorted numbers in consecutive runs."""
    run: set[int] = set()
    for number in numbers:
        if run and number - 1 not in run:
            yield run
            run = set()
        run.add(number)
    yield run
