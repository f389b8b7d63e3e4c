"""Layers and scans that run along the samples of a batch, as if they were time."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Sink, Span
from nnspec.elaborate.declarations import Declarations
from nnspec.ir import Program
from nnspec.ir.batch import Obstacle, along_first

# What samples are called. Nothing else tells [N, T, D] from [T, N, D].
_SAMPLES = frozenset({"N", "B", "n", "b", "batch", "batch_size", "samples"})


class RunsAlongSamples(Diagnostic):
    """A recurrent layer, an attention or a scan runs along the samples of a batch, as if they were steps of a sequence.

    As in torch, the first dimension of what an LSTM takes is time, unless `batch_first = true`; a scan walks along the
    first dimension, unless it says `each x along 1`. Where the input begins
    with N, the number of samples, each sample then sees those before it; nothing else shows that, since all shapes fit.
    """

    code = "W0280"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    layer: str
    symbol: str
    way: str

    @property
    def message(self) -> str:
        return f"{self.layer} runs along {self.symbol}, from sample to sample"

    @property
    def label(self) -> str:
        return f"takes {self.symbol}, its first dimension, for the steps of one sequence"

    @property
    def help(self) -> str | None:
        return f"{self.way}; or, if {self.symbol} is time, call it T"


def doubt_time(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Doubt that what runs along samples is meant to."""
    calls = (call for key in program.order for call in program.modules[key].calls)
    if not any(call.scan or runs_along_time(call.callee) for call in calls):
        return
    found = along_first(program)
    if not isinstance(found, Obstacle) or found.symbol not in _SAMPLES or not found.lead or found.place is None:
        return
    if found.scanned or runs_along_time(found.layer):
        name = f"scan {found.scanned}" if found.layer is None else found.layer.kind
        way = f"write {name}(..., batch_first = true)"
        if found.scanned:
            way = "walk along time: (each x along 1, ...)"
        elif getattr(found.layer, "batch_first", False):
            way = "begin with samples, [N, T, D]"
        span = Span(declarations.sources()[found.place.file], found.place.start, found.place.end)
        sink.add(RunsAlongSamples(span, name, found.symbol, way))


def runs_along_time(layer: object) -> bool:
    """Whether it is a recurrent layer or an attention; of a batch whose samples come first, they are not time."""
    return hasattr(layer, "batch_first")
