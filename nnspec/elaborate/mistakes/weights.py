"""Mistakes in weights that are shared or tied."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Label, Span
from nnspec.elaborate.mistakes.wording import listed


class TieMismatch(Diagnostic):
    """A parameter cannot be tied to another one, because their shapes differ."""

    code = "E0222"
    parameter: str
    shape: str
    source: str
    source_shape: str

    @property
    def message(self) -> str:
        return f"{self.parameter} has the shape {self.shape}, and {self.source} has {self.source_shape}"

    @property
    def help(self) -> str | None:
        return "tie weights of the same shape only"


class SharedMismatch(Diagnostic):
    """A module that is applied again would need weights of other shapes for the new inputs."""

    code = "E0223"
    name: str
    first: Span

    @property
    def message(self) -> str:
        return f"the weights of {self.name} do not fit this value"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.first, "built here, for a value of another shape"),)

    @property
    def help(self) -> str | None:
        return "bring the value to the same shape first, or build a second module"


class OtherInputs(Diagnostic):
    """A block is applied again with another set of its optional inputs than the first time.

    A module is built for the inputs that it gets at first, and takes the same ones each time. An optional input that is
    missing once can be given a value that changes nothing.
    """

    code = "E0236"
    name: str
    before: tuple[str, ...]
    now: tuple[str, ...]
    first: Span

    @property
    def message(self) -> str:
        return f"{self.name} was built to take {listed(self.before)}, and gets {listed(self.now)} here"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label(self.first, "built here"),)

    @property
    def help(self) -> str | None:
        left, more = (tuple(set(a) - set(b)) for a, b in ((self.before, self.now), (self.now, self.before)))
        if left:
            return f"give it {listed(tuple(sorted(left)))} here too: (_, {left[0]} = ...) -> {self.name}"
        return f"give it {listed(tuple(sorted(more)))} where it is built, or leave that out here"
