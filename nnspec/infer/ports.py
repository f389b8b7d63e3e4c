"""The inputs and outputs of a model, and whether an array fits one: element type, shape, and the sizes of symbols."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from nnspec.diagnostics import SpecError
from nnspec.dims import Size, solve, substitute, symbol
from nnspec.infer.mistakes import NoArray, WrongInput
from nnspec.record import Record
from nnspec.weights.arrays import Array

_KINDS = {"f": "fiub", "i": "iub", "u": "ub", "b": "b"}  # which kinds of numbers an input of each kind takes
_AFFINE = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)(?: ([+-]) (\d+))?")


class TensorPort(Record):
    """An input or output of a model: its name, numpy's type of its elements, its shape with names for free sizes."""

    name: str
    dtype: Any
    shape: tuple[int | str | None, ...]

    def __str__(self) -> str:
        return f"[{', '.join('?' if size is None else str(size) for size in self.shape)}]"

    def sizes(self, known: Mapping[str, Size], otherwise: Sequence[int]) -> tuple[int, ...]:
        """The shape for sizes of the symbols; where they do not tell, it is the other one's size."""
        found = []
        for size, other in zip(self.shape, otherwise, strict=True):
            told = substitute(pattern(size), known) if isinstance(size, str) else size
            found.append(told if isinstance(told, int) else other)
        return tuple(found)

    def array(self, value: Any) -> Array:
        """What is given as an array.

        Raises:
            SpecError: it is none: rows of several lengths, a tensor with a gradient.
        """
        try:
            return np.asarray(value)
        except (ValueError, TypeError, RuntimeError) as error:
            raise SpecError.of(NoArray(None, self.name, str(self), str(error).splitlines()[0])) from None

    def fitted(self, array: Array, known: dict[str, Size]) -> Array:
        """The array with the element type of the port; the sizes that symbols have are looked up and added in `known`.

        Raises:
            SpecError: it does not fit.
        """
        if array.dtype.kind not in _KINDS[self.dtype.kind]:
            why = f"its elements are {array.dtype}, which does not become {self.dtype} without loss"
            raise SpecError.of(WrongInput(None, self.name, f"{array.dtype} {list(array.shape)}", f"{self.dtype} {self}",
                                          why, f"convert it: array.astype({str(self.dtype)!r})"))  # fmt: skip
        self.check_shape(array.shape, known)
        return np.asarray(array.astype(self.dtype, copy=False), order="C")

    def check_shape(self, shape: Sequence[int], known: dict[str, Size]) -> None:
        """Check a shape against the port's.

        Raises:
            SpecError: it does not fit.
        """
        found = str(list(shape))
        if len(shape) != len(self.shape):
            advice = "add the dimension of the batch: array[None]" if len(shape) + 1 == len(self.shape) else None
            why = f"it has {len(shape)} dimensions and not {len(self.shape)}"
            raise SpecError.of(WrongInput(None, self.name, found, str(self), why, advice))
        for index, (size, actual) in enumerate(zip(self.shape, shape, strict=True)):
            problem = _mismatch(size, actual, known)
            if problem:
                raise SpecError.of(WrongInput(None, self.name, found, str(self), f"dimension {index} {problem}"))


def _mismatch(size: int | str | None, actual: int, known: dict[str, Size]) -> str | None:
    """Why a dimension cannot be `actual`, if it cannot."""
    if isinstance(size, int):
        return None if size == actual else f"is {actual}, not {size}"
    if size is None:
        return None
    solved = solve(pattern(size), actual)
    if solved is None or (isinstance(solved[1], int) and solved[1] < 0):
        return f"is {actual}, which is not {size} for a whole number"
    name, value = solved[0].text, solved[1]
    if known.setdefault(name, value) != value:
        return f"is {actual}, where {name} is {known[name]} already"
    return None


@cache
def pattern(size: str) -> Size:
    """A free size as nnspec writes it: `N`, `32*h`, `2*n + 1`; any other text is a symbol of that name."""
    found = _AFFINE.fullmatch(size)
    if found is None:
        return symbol(size)
    offset = int(found[4] or 0) * (-1 if found[3] == "-" else 1)
    return symbol(found[2]) * int(found[1] or 1) + offset
