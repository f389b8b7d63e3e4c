"""Warnings of a sound program: what can hardly be meant, found by passes over it."""

from __future__ import annotations

from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Sink, Span
from nnspec.elaborate.files import Declarations
from nnspec.ir import Program
from nnspec.ir.batch import Obstacle, along_first
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


def doubt(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Add the warnings of a program to the sink."""
    if any(_takes_time_first(call.callee) for key in program.order for call in program.modules[key].calls):
        found = along_first(program)
        if isinstance(found, Obstacle) and found.symbol in _SAMPLES and found.lead and _takes_time_first(found.layer):
            assert found.layer is not None and found.place is not None
            source = declarations.sources()[found.place.file]
            span = Span(source, found.place.start, found.place.end)
            sink.add(RunsAlongSamples(span, found.layer.kind, found.symbol))


def _takes_time_first(layer: object) -> bool:
    return isinstance(layer, Layer) and getattr(layer, "batch_first", True) is False
