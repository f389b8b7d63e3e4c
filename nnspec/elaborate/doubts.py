"""Warnings of a sound program: what can hardly be meant, found by passes over it."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Sink, Span
from nnspec.elaborate.files import Declarations
from nnspec.ir import Place, Program
from nnspec.ir.batch import Obstacle, along_first
from nnspec.ir.idle import idle
from nnspec.layers.base import Layer

# What samples are called. Nothing else tells [N, T, D] from [T, N, D].
_SAMPLES = frozenset({"N", "B", "n", "b", "batch", "batch_size", "samples"})


class RunsAlongSamples(Diagnostic):
    """A recurrent layer or an attention runs along the samples of a batch, as if they were the steps of a sequence.

    As in torch, the first dimension of what an LSTM takes is time, unless `batch_first = true`. Where the input begins
    with N, the number of samples, each sample then sees those before it; nothing else shows that, since all shapes fit.
    """

    code = "W0280"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    layer: str
    symbol: str

    @property
    def message(self) -> str:
        return f"{self.layer} runs along {self.symbol}, from sample to sample"

    @property
    def label(self) -> str:
        return f"takes {self.symbol}, its first dimension, for the steps of one sequence"

    @property
    def help(self) -> str | None:
        return f"write {self.layer}(..., batch_first = true); or, if {self.symbol} is time, call it T"


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


def doubt(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Add the warnings of a program to the sink."""
    _doubt_idle_weights(program, declarations, sink)
    if any(_takes_time_first(call.callee) for key in program.order for call in program.modules[key].calls):
        found = along_first(program)
        if isinstance(found, Obstacle) and found.symbol in _SAMPLES and found.lead and _takes_time_first(found.layer):
            assert found.layer is not None and found.place is not None
            source = declarations.sources()[found.place.file]
            span = Span(source, found.place.start, found.place.end)
            sink.add(RunsAlongSamples(span, found.layer.kind, found.symbol))


def _doubt_idle_weights(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Tell of weights that no output depends on; those that are tied may be needed for the other name they have."""
    told: set[Place] = set()
    for step in idle(program):
        place = step.call.place
        if place is not None and place not in told and not step.tied:
            told.add(place)
            span = Span(declarations.sources()[place.file], place.start, place.end)
            sink.add(UnusedStep(span, step.path, step.unused))


def _takes_time_first(layer: object) -> bool:
    return isinstance(layer, Layer) and getattr(layer, "batch_first", True) is False
