"""When two arrays are equal enough: the errors of floating-point numbers, measured against exact ones.

Numbers agree if none is further from the exact one than the tolerance times the largest magnitude among the exact
ones, plus 1e-6, plus what is granted: the error that float32 has by itself.
"""

from __future__ import annotations

import numpy as np

from nnspec.record import Record
from nnspec.weights.arrays import Array

TOLERANCE, ABSOLUTE = 1e-4, 1e-6


class Error(Record):
    """The largest difference of any element from the exact value, alone and relative to the largest magnitude.

    Of integers and booleans both are the share of the elements that differ.
    """

    absolute: float = 0.0
    relative: float = 0.0

    def beside(self, other: Error) -> Error:
        """The larger of each."""
        return Error(max(self.absolute, other.absolute), max(self.relative, other.relative))


NO_ERROR = Error()


def error_of(exact: Array, found: Array) -> Error:
    """The error of an array of the same shape; infinite if other elements are infinite or no numbers."""
    if exact.dtype.kind != "f":
        share = float(np.mean(exact != found)) if exact.size else 0.0
        return Error(share, share)
    finite = np.isfinite(exact)
    if not np.array_equal(finite, np.isfinite(found)) or not np.array_equal(exact[~finite], found[~finite], True):
        return Error(np.inf, np.inf)
    difference, scale = float(np.abs(found[finite] - exact[finite]).max(initial=0.0)), _magnitude(exact)
    return Error(difference, difference / scale if scale else difference)


def disagreement(exact: Array, found: Array, tolerance: float, granted: Error = NO_ERROR) -> str | None:
    """The difference of an array from the exact one in words, where it is too large; None where it is not."""
    if exact.shape != found.shape or exact.dtype.kind != found.dtype.kind:
        return f"it is {found.dtype} {list(found.shape)} instead of {_KINDS[exact.dtype.kind]} {list(exact.shape)}"
    error = error_of(exact, found)
    if exact.dtype.kind != "f":
        return None if error.absolute <= granted.absolute else f"in {error.absolute:.2%} of its elements"
    if error.absolute == np.inf:
        return "other elements are infinite or no numbers"
    scale = _magnitude(exact)
    if error.absolute <= tolerance * scale + ABSOLUTE + granted.absolute:
        return None
    return f"by {error.absolute:.3g}, where its largest magnitude is {scale:.3g}"


_KINDS = {"f": "float", "i": "int", "b": "bool"}


def _magnitude(exact: Array) -> float:
    return float(np.abs(exact[np.isfinite(exact)]).max(initial=0.0))
