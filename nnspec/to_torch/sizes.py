"""Sizes in `forward`: numbers, or expressions over the shapes of the inputs, which are read first.

`n, t = x.shape[:2]` stands at the top of `forward` for symbols that some step needs; equal reads share a variable.
"""

from __future__ import annotations

import re
from itertools import count

from nnspec.dims import Expression, Floor, Product, Size, Symbol, solve, symbols
from nnspec.ir import Module
from nnspec.to_torch.names import variable


class SizeNotGiven(Exception):
    """A symbol that no dimension of an input gives."""


class Sizes:
    """The sizes that one `forward` reads; `read` holds the variables with their expressions, in order."""

    def __init__(self, module: Module) -> None:
        self.shapes = [type.shape for type in module.input_types]
        self.inputs: list[str] = []  # the variables of the inputs, in order
        self.read: dict[str, str] = {}

    def names(self) -> set[str]:
        """The names that symbols of the inputs may come to need."""
        found = {symbol.text for shape in self.shapes for size in shape for symbol in symbols(size)}
        return {variable(name.lower()) for name in found}

    def lines(self) -> list[str]:
        """The statements that read the variables; neighbours of one shape are read together."""
        plain = {place: name for name, text in self.read.items() if (place := self._place(text))}
        lines: list[str] = []
        for name, text in self.read.items():
            tensor, axis = self._place(text) or ("", 0)
            if (tensor, axis) not in plain:
                lines.append(f"{name} = {text}")
            elif (tensor, axis - 1) not in plain:
                end = next(end for end in count(axis + 1) if (tensor, end) not in plain)
                rank = len(self.shapes[self.inputs.index(tensor)])
                names = ", ".join(plain[tensor, each] for each in range(axis, end))
                part = f"[{axis or ''}:{end if end < rank else ''}]" if end - axis < rank else ""
                lines.append(f"{names} = {tensor}.shape{part}" if end - axis > 1 else f"{name} = {text}")
        return lines

    def _place(self, text: str) -> tuple[str, int] | None:
        """The input and the dimension whose size is read, if that is all."""
        found = re.fullmatch(r"(\w+)\.shape\[(\d+)\]", text)
        return (found[1], int(found[2])) if found else None

    def text(self, size: Size) -> str:
        """A size as an expression.

        Raises:
            SizeNotGiven: it depends on a symbol that no input gives.
        """
        if isinstance(size, int):
            return str(size)
        for name, shape in zip(self.inputs, self.shapes, strict=True):
            if size in shape:
                return self._variable(size, f"{name}.shape[{shape.index(size)}]")
        total = " + ".join(self._term(atom, coefficient) for atom, coefficient in size.terms)
        if size.constant:
            total += f" + {size.constant}"
        total = total.replace("+ -", "- ")
        return total if size.divisor == 1 else f"({total}) // {size.divisor}"

    def _term(self, atom: object, coefficient: int) -> str:
        if isinstance(atom, Symbol):
            text = self._symbol(atom)
        elif isinstance(atom, Product):
            text = " * ".join(map(self._factor, atom.factors))
        else:
            assert isinstance(atom, Floor)
            text = self._factor(atom.inner)
        return text if coefficient == 1 else f"{coefficient} * {text}"

    def _factor(self, size: Size) -> str:
        text = self.text(size)
        return text if text.isidentifier() or text.isdecimal() else f"({text})"

    def _symbol(self, symbol: Symbol) -> str:
        for name, shape in zip(self.inputs, self.shapes, strict=True):
            for axis, pattern in enumerate(shape):
                if isinstance(pattern, int) or solve(pattern, pattern) is None or symbol not in symbols(pattern):
                    continue
                text, scale = f"{name}.shape[{axis}]", pattern.terms[0][1]
                if pattern.constant:
                    text = f"{text} {'-' if pattern.constant > 0 else '+'} {abs(pattern.constant)}"
                    text = text if scale == 1 else f"({text})"
                return self._variable(symbol, text if scale == 1 else f"{text} // {scale}")
        raise SizeNotGiven(f"the size {symbol} cannot be read from an input")

    def _variable(self, what: Expression | Symbol, text: str) -> str:
        """The variable for what is read: named after the one symbol in it, or numbered."""
        known = next((name for name, expression in self.read.items() if expression == text), None)
        if known:
            return known
        found = {what} if isinstance(what, Symbol) else symbols(what)
        name = variable(found.pop().text.lower()) if len(found) == 1 else "size1"
        number = 1
        while name in self.read:
            number += 1
            name = f"size{number}"
        self.read[name] = text
        return name
