"""`Sizes`: how a block calls the dimensions of its inputs, and sizes made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nnspec.dims import Expression, Size, Undecidable, equal, exact_divide, substitute, symbol, symbols
from nnspec.importing import syntax
from nnspec.layers.tensor_type import TensorType

POOL = {
    1: ("N",), 2: ("N", "D"), 3: ("N", "T", "D"), 4: ("N", "C", "H", "W"), 5: ("N", "C", "T", "H", "W"),
}  # fmt: skip
MORE = ("S", "L", "M", "K", "P", "Q", "R", "U", "V", "E", "F", "G", "I", "J", "O", "X", "Y", "Z")


class Sizes:
    """The names of dimensions, one after the other for each input; a size that is met again has its first name."""

    def __init__(self, given: Sequence[TensorType], known: dict[str, Size]) -> None:
        self.given = tuple(given)
        self.known = known
        self.places: dict[tuple[int, int], str] = {}
        self.used: set[str] = set()

    @classmethod
    def of_body(cls, given: Iterable[TensorType], labels: Iterable[str] = ()) -> Sizes:
        """The names that a block gives to the dimensions of its inputs; none is that of a label."""
        made = cls(tuple(given), {})
        made.used = {label.partition(".")[0] for label in labels}
        for index, type in enumerate(made.given):
            for dim, size in enumerate(type.shape):
                made.places[index, dim] = made._named(type.rank, type.dtype, dim, size, index)
        return made

    @classmethod
    def of_model(cls, given: Iterable[TensorType]) -> Sizes:
        """The names of a model, which declares them with its inputs."""
        types = tuple(given)
        made: dict[str, Size] = {
            atom.text: size for type in types for each in type.shape for size, atom in _symbols(each)
        }
        return cls(types, made)

    def _named(self, rank: int, dtype: str, dim: int, size: Size, index: int) -> str:
        for name, known in self.known.items():
            if isinstance(size, Expression) and isinstance(known, Expression) and equal(size, known):
                return name
        wanted = ("N", "T") if rank == 2 and dtype == "int" else POOL.get(rank, ())
        options = [*wanted[dim : dim + 1], *MORE]
        taken = {*self.known, *self.used}
        name = next((each for each in options if each not in taken), f"size{index}_{dim}")
        self.known[name] = size
        return name

    def names(self) -> set[str]:
        """All names."""
        return set(self.known)

    def name(self, index: int, dim: int) -> str:
        """The name of a dimension of an input."""
        return self.places[index, dim]

    def written(self, size: Expression) -> Any:
        """A symbolic size as an expression of these names; None where it is none."""
        symbolic = {name: each for name, each in self.known.items() if isinstance(each, Expression)}
        for name, each in symbolic.items():
            if equal(each, size):
                return syntax.name(name)
        if all(any(each == known for known in symbolic.values()) for each, _ in _symbols(size)):
            names = {str(known): name for name, known in symbolic.items()}
            return _renamed(size, names)
        for name, each in symbolic.items():
            found = _related(name, each, size)
            if found is not None:
                return found
        for name, each in symbolic.items():
            try:
                rest = exact_divide(size, each)
            except Undecidable:
                continue
            other = syntax.plain(rest) if isinstance(rest, int) else self.written(rest)
            if other is not None:
                return syntax.binary("*", syntax.name(name), other)
        return None


def _related(name: str, known: Expression, size: Expression) -> Any:
    """A size that is another one with something added, or a whole part of it."""
    difference = size - known
    if isinstance(difference, int):
        sign = "+" if difference > 0 else "-"
        return syntax.binary(sign, syntax.name(name), syntax.plain(abs(difference)))
    for divisor in (2, 3, 4, 6, 7, 8, 14, 16, 32):
        if equal(known // divisor, size):
            return syntax.binary("//", syntax.name(name), syntax.plain(divisor))
    return None


def _renamed(size: Size, names: dict[str, str]) -> Any:
    return syntax.size(substitute(size, {old: symbol(new) for old, new in names.items()}))


def _symbols(size: Size) -> list[tuple[Expression, Any]]:
    return [(symbol(atom.text), atom) for atom in symbols(size)]
