"""The ranges of numbers that are asked for: of arguments in Python, and of the options of commands."""

from __future__ import annotations

from nnspec.record import Record

MOST = 2**31 - 1  # what a whole number of 32 bits holds


class Range(Record):
    """The numbers from the least one on, up to the most one; `above`: the least one is not among them."""

    least: float
    most: float = MOST
    whole: bool = True
    above: bool = False

    def __contains__(self, number: float) -> bool:
        return self.least <= number <= self.most and not (self.above and number == self.least)

    def words(self, exceeded: bool = False) -> str:
        """The range in words; that there is a most one of 32 bits, only where it is exceeded."""
        first = f"{'more than' if self.above else 'at least'} {self.least:g}"
        return f"{first} and at most {self.most:,}" if exceeded or self.most != MOST else first


RANGES = {
    "batch": Range(1),
    "batches": Range(1),
    "count": Range(1, 4096),
    "depth": Range(1),
    "highest": Range(0, whole=False, above=True),
    "length": Range(1),
    "lowest": Range(0, whole=False, above=True),
    "max_batch": Range(1),
    "samples": Range(0),
    "scale": Range(0, whole=False, above=True),
    "seconds": Range(0.01, whole=False),
    "seed": Range(0, 2**32 - 1),
    "sizes": Range(1),
    "steps": Range(10, 10_000),
    "temperature": Range(0, whole=False),
    "threads": Range(1, 1024),
    "tolerance": Range(0, whole=False),
    "top": Range(1),
    "top_k": Range(1),
    "top_p": Range(0, 1, whole=False, above=True),
    "trials": Range(1),
    "width": Range(1),
    "workers": Range(0, 1024),
    "worst": Range(0),
}
