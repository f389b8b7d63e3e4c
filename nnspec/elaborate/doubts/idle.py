"""Weights that no output depends on."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Sink, Span
from nnspec.elaborate.declarations import Declarations
from nnspec.ir import Place, Program
from nnspec.ir.idle import idle


class UnusedStep(Diagnostic):
    """No output depends on a step, although it has weights. It is built, and does nothing.

    Nothing may use its result, or only steps whose results nothing uses in turn.
    """

    code = "W0225"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    name: str
    unused: bool = True  # by any step

    @property
    def message(self) -> str:
        return f"nothing uses the result of {self.name}" if self.unused else f"no output depends on {self.name}"

    @property
    def help(self) -> str | None:
        return "use its value, or remove the step"


def doubt_idle_weights(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Tell of weights that no output depends on; those that are tied may be needed for the other name they have."""
    told: set[Place] = set()
    for step in idle(program):
        place = step.call.place
        if place is not None and place not in told and not step.tied:
            told.add(place)
            span = Span(declarations.sources()[place.file], place.start, place.end)
            sink.add(UnusedStep(span, step.path, step.unused))
