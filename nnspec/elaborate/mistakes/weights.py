"""Mistakes in weights that are shared or tied."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Label, Span


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
