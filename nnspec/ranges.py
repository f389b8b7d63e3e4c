"""The ranges of whole and other numbers that are asked for in Python, the same as on the command line."""

from __future__ import annotations

from numbers import Integral, Real

LEAST: dict[str, float] = {
    "batch": 1,
    "count": 1,
    "depth": 1,
    "length": 1,
    "max_batch": 1,
    "samples": 0,
    "seconds": 0.01,
    "seed": 0,
    "steps": 10,
    "temperature": 0,
    "threads": 1,
    "tolerance": 0,
    "top": 1,
    "top_k": 1,
    "top_p": 0,
    "trials": 1,
    "workers": 0,
    "worst": 0,
}
BROKEN = ("seconds", "temperature", "tolerance", "top_p")  # numbers that need not be whole


def within_range(**given: object) -> None:
    """Check arguments that are numbers; None is one that is left out.

    Raises:
        TypeError: one is no number, or no whole one where it must be.
        ValueError: one is less than it may be, or is no number at all (NaN).
    """
    for name, value in given.items():
        if value is None:
            continue
        kind, words = (Real, "a number") if name in BROKEN else (Integral, "a whole number")
        if isinstance(value, bool) or not isinstance(value, kind):
            raise TypeError(f"{name} = {value!r}: it is {words}, {LEAST[name]} or more")
        if not value >= LEAST[name]:  # type: ignore[operator]  # both are real
            raise ValueError(f"{name} = {value!r}: it is {words}, {LEAST[name]} or more")
