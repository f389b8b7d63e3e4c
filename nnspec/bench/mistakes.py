"""Mistakes in measuring a model."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class UnboundSizes(Diagnostic):
    """A model is to be timed, and some symbols of its inputs have no size: the time depends on them.

    The batch, the first dimension, has its own option; every other symbol is given one: --size T=128.
    """

    code = "E0813"
    model: str
    symbols: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"the time of {self.model} depends on the size of {', '.join(self.symbols)}"

    @property
    def help(self) -> str | None:
        return "say how large: " + " ".join(f"--size {symbol}=128" for symbol in self.symbols)
