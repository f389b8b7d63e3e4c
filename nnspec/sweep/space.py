"""The space of a search: for each setting a range of numbers or a list of values, `--over NAME=...`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from nnspec.diagnostics import SpecError
from nnspec.record import Record
from nnspec.sweep.mistakes import BadRange

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
RANGE = re.compile(rf"({NUMBER})\.\.({NUMBER})(?::(log|{NUMBER}))?")


class Range(Record):
    """Numbers from a low to a high end."""

    low: float
    high: float
    whole: bool
    log: bool = False
    step: float | None = None

    @property
    def distribution(self) -> BaseDistribution:
        """The range as Optuna has it."""
        from optuna.distributions import FloatDistribution, IntDistribution  # here: `nnspec --help` lists the command

        if self.whole:
            return IntDistribution(int(self.low), int(self.high), self.log, int(self.step or 1))
        return FloatDistribution(self.low, self.high, self.log, self.step)

    @property
    def values(self) -> list[float] | None:
        """All numbers of it; None where they are beyond count."""
        if self.log or (self.step is None and not self.whole):
            return None
        step = self.step or 1.0
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        return [int(self.low + n * step) if self.whole else self.low + n * step for n in range(count)]

    @property
    def first(self) -> str:
        """One of its values, as a setting."""
        return str(int(self.low)) if self.whole else repr(self.low)


class Values(Record):
    """Some values, as a spec would write them."""

    texts: tuple[str, ...]

    @property
    def distribution(self) -> BaseDistribution:
        """The values as Optuna has them."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.texts)

    @property
    def values(self) -> list[str]:
        """All of them."""
        return list(self.texts)

    @property
    def first(self) -> str:
        """One of them, as a setting."""
        return self.texts[0]


Space = dict[str, Range | Values]


def read_space(over: dict[str, str]) -> Space:
    """The space of a search.

    Raises:
        SpecError: a range is none.
    """
    return {name: _read(f"{name}={text}", text) for name, text in over.items()}


def _read(shown: str, text: str) -> Range | Values:
    found = RANGE.fullmatch(text.replace(" ", ""))
    if found is None:
        values = _split(text)
        if len(values) < 2 or not all(values):
            raise SpecError.of(BadRange(None, shown, "there is nothing to choose from"))
        if len(set(values)) < len(values):
            raise SpecError.of(BadRange(None, shown, "a value stands there twice"))
        return Values(tuple(values))
    low, high = float(found[1]), float(found[2])
    way = found[3]
    step = None if way in (None, "log") else float(way)
    whole = all(re.fullmatch(r"[+-]?\d+", each) for each in (found[1], found[2])) and (
        step is None or step.is_integer()
    )
    if not math.isfinite(low) or not math.isfinite(high) or low >= high:
        raise SpecError.of(BadRange(None, shown, "it must rise, and its ends are finite"))
    if way == "log" and low <= 0:
        raise SpecError.of(BadRange(None, shown, "a logarithmic range begins above 0"))
    if step is not None and not 0 < step <= high - low:
        raise SpecError.of(BadRange(None, shown, "the distance between two values must fit into it"))
    return Range(low, high, whole, way == "log", step)


def _split(text: str) -> list[str]:
    """The parts between commas that are inside no brackets and no string."""
    parts, depth, quoted = [""], 0, False
    for letter in text:
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
