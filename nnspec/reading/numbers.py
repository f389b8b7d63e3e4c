"""Numbers as people write them in tables: decimal commas, thousands in groups, percents; and values that are missing.

A column is of numbers if all of it can be read in one way of writing; where two ways give different numbers
("1,234"), it is refused, as is a column most of which are numbers. Dates, amounts of money and infinity are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from nnspec.reading.unreadable import Unreadable

Numbers = NDArray[np.float64]  # NaN where a value is missing
Place = Callable[[int], str]  # the row of the file that a value stands in, in words

MISSING_TEXTS = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "?"})  # in lower case
MISSING = MISSING_TEXTS | {"none", "nil", "-", "--", ".", "missing", "#div/0!", "#value!", "#ref!"}  # among numbers
INFINITE = frozenset({"inf", "infinity", "∞"})
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
SIMPLE = frozenset("0123456789.+-e")
# Ways of writing: the mark between groups of three digits, and the decimal mark.
WAYS = {
    (group, mark): re.compile(
        rf"[+-]?(\d+|\d{{1,3}}({re.escape(group)}\d{{3}})+)({re.escape(mark)}\d+)?(e[+-]?\d+)?",
        re.ASCII | re.IGNORECASE,
    )
    for group, mark in ((",", "."), (".", ","), (" ", "."), (" ", ","), ("'", "."))
}
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
MONEY = re.compile(r"[+-]?[$€£¥]\s?[\d.,' ]+|[+-]?[\d.,' ]+\s?[$€£¥]", re.ASCII)
DATE = re.compile(
    r"(\d{4}([-/.])\d{1,2}\2\d{1,2}|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2}))([T ].*)?"  # 2024-01-31, 31.1.24, ...
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?",
    re.ASCII,
)


def is_missing(text: str) -> bool:
    """Whether a cell of a column of texts says that there is no value."""
    return text.lower() in MISSING_TEXTS


def numbers_of(
    name: str, cells: Sequence[str], place: Place, counts: Sequence[int] | None = None
) -> tuple[Numbers, str | None] | None:
    """The cells of a column as numbers, and what should be known of how they are written; None for a column of texts.

    Args:
        name: of the column.
        cells: of it, or the different ones.
        place: of each.
        counts: how often each is there, once if it is left out.

    Raises:
        Unreadable: they can be read in two ways, some are no numbers, or they are dates or amounts of money.
    """
    quick = _quick(cells)
    if quick is not None:
        return quick, None
    written = [cell.translate(SPACES).strip() for cell in cells]
    known = [index for index, cell in enumerate(written) if cell.lower() not in MISSING]

    def many(places: Sequence[int]) -> int:
        return len(places) if counts is None else sum(counts[index] for index in places)

    def fail(index: int, reason: str, advice: str) -> NoReturn:
        raise Unreadable(f"{name} in {place(index)} is {cells[index]!r}, {reason}", advice)

    for index in known:
        if written[index].lower().lstrip("+-") in INFINITE:
            fail(index, "no finite number", "write a finite one, or remove the row")
    dates = [index for index in known if DATE.fullmatch(written[index]) and not _ways(written[index])]
    if 2 * many(dates) > many(known):
        fail(dates[0], "a date or a time", "write a number, such as the days since a date, or leave the column out")
    money = [index for index in known if MONEY.fullmatch(written[index])]
    if 2 * many(money) > many(known):
        fail(money[0], "an amount of money", "write the number alone")
    percents = [index for index in known if written[index].endswith("%")]
    if percents and len(percents) == len(known):
        written = [cell.removesuffix("%").rstrip() for cell in written]
    possible = [_ways(written[index]) for index in known]
    count = many([index for index, each in zip(known, possible, strict=True) if each])
    if not known:
        return np.full(len(cells), np.nan), None
    if 2 * count < many(known) or not count:
        return None
    shared = [way for way in WAYS if all(way in each for each in possible)]
    if not shared:
        odd = next((index for index, each in zip(known, possible, strict=True) if not each), None)
        if odd is None:
            fail(known[0], "and the numbers below are written in another way", "write all of them as 1234.5")
        fail(odd, "no finite number, as most values there are", "write a number, or the whole column in words")
    return _in_one_way(name, written, known, shared, place, bool(percents))


def plain_numbers(cells: Sequence[str]) -> Numbers | None:
    """Plain numbers, and cells that say that there is none; None where some are anything else."""
    quick = _quick(cells)
    if quick is not None:
        return quick
    there = np.array([cell.lower() not in MISSING for cell in cells], np.bool_)
    numbers = _quick([cells[index] for index in np.flatnonzero(there).tolist()])
    if numbers is None:
        return None
    made = np.full(len(cells), np.nan)
    made[there] = numbers
    return made


def _in_one_way(
    name: str,
    written: Sequence[str],
    known: Sequence[int],
    ways: Sequence[tuple[str, str]],
    place: Place,
    percent: bool,
) -> tuple[Numbers, str | None]:
    """The numbers, where all ways of writing that fit give the same ones."""
    if all(PLAIN.fullmatch(written[index]) for index in known):
        ways = [(",", ".")]
    made = np.full(len(written), np.nan)
    for index in known:
        found = {_number(written[index], *way) for way in ways}
        if len(found) > 1:
            shown = " or ".join(f"{number:.15g}" for number in sorted(found))
            reason = f"{name} in {place(index)} is {written[index]!r}, which may be {shown}"
            raise Unreadable(reason, "write numbers without marks between thousands, and with a decimal point")
        made[index] = found.pop() / (100 if percent else 1)
    _need_finite(name, made, written, place)
    group, mark = ways[0]
    told = [words for words, said in (
        ("decimal commas", mark == "," and any("," in written[index] for index in known)),
        ("groups of thousands", any(group in written[index] for index in known)),
        ("percents, as parts of 1", percent),
    ) if said]  # fmt: skip
    return made, f"{name} is read with {' and '.join(told)}" if told else None


def _need_finite(name: str, numbers: Numbers, written: Sequence[str], place: Place) -> None:
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        index = int(infinite[0])
        raise Unreadable(f"{name} in {place(index)} is {written[index]!r}, no finite number", "write a smaller one")


def _quick(cells: Sequence[str]) -> Numbers | None:
    """Plain numbers only, as most columns are."""
    if not SIMPLE.issuperset("".join(cells)) or not all(map(PLAIN.fullmatch, cells)):
        return None
    made = np.array(list(map(float, cells)))
    return made if bool(np.isfinite(made).all()) else None


def _ways(cell: str) -> tuple[tuple[str, str], ...]:
    """The ways of writing that a cell may be a number in; a plain one is in those with a decimal point, too."""
    plain = PLAIN.fullmatch(cell) is not None
    return tuple(way for way, form in WAYS.items() if form.fullmatch(cell) or (plain and way[1] == "."))


def _number(cell: str, group: str, mark: str) -> float:
    return float(cell.replace(group, "").replace(mark, "."))
