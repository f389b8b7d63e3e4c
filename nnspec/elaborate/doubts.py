"""Warnings of a sound program: what can hardly be meant, found by passes over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Sink, Span
from nnspec.elaborate.declarations import Declarations
from nnspec.ir import Call, Module, Place, Program
from nnspec.ir.batch import Obstacle, along_first
from nnspec.ir.idle import idle
from nnspec.layers.base import Layer, TensorType
from nnspec.layers.batched import Batched

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


class ChannelsLast(Diagnostic):
    """A picture whose last dimension is its channels, as TensorFlow has it, goes into a layer that takes the second.

    Pictures are [N, C, H, W] here, as in torch. A convolution over [N, 224, 224, 3] would take the rows for channels.
    """

    code = "W0251"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    layer: str
    shape: str
    first: str  # the type with the channels in their place

    @property
    def message(self) -> str:
        return f"{self.layer} takes the second dimension of {self.shape} for the channels, which seem to be the last"

    @property
    def help(self) -> str | None:
        return f"declare the input as {self.first}, or write -> Permute([0, 3, 1, 2]) behind it"


class SingleSample(Diagnostic):
    """An input has no dimension that counts samples, and the layer behind it takes it for one sample, as torch does.

    That is sound: the model runs on one picture at a time. It can hardly be trained so, and Flatten, which keeps the
    first dimension, then keeps the channels.
    """

    code = "W0263"
    severity: ClassVar[Literal["error", "warning"]] = "warning"
    layer: str
    shape: str
    batch: str  # the type with the samples in their place

    @property
    def message(self) -> str:
        return f"{self.layer} takes {self.shape} for one sample: no dimension counts samples"

    @property
    def help(self) -> str | None:
        return f"declare the input as {self.batch}, unless it runs on one sample at a time"


FEW = (1, 2, 3, 4)  # channels that a picture has, and no side of one


def doubt(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Add the warnings of a program to the sink."""
    _doubt_idle_weights(program, declarations, sink)
    _doubt_channels_last(program, declarations, sink)
    _doubt_single_samples(program, declarations, sink)
    _doubt_time(program, declarations, sink)


def _doubt_time(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Doubt that what runs along samples is meant to."""
    calls = (call for key in program.order for call in program.modules[key].calls)
    if not any(call.scan or _runs_along_time(call.callee) for call in calls):
        return
    found = along_first(program)
    if not isinstance(found, Obstacle) or found.symbol not in _SAMPLES or not found.lead or found.place is None:
        return
    if found.scanned or _runs_along_time(found.layer):
        name = f"scan {found.scanned}" if found.layer is None else found.layer.kind
        way = f"write {name}(..., batch_first = true)"
        if found.scanned:
            way = "walk along time: (each x along 1, ...)"
        elif getattr(found.layer, "batch_first", False):
            way = "begin with samples, [N, T, D]"
        span = Span(declarations.sources()[found.place.file], found.place.start, found.place.end)
        sink.add(RunsAlongSamples(span, name, found.symbol, way))


def _doubt_idle_weights(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Tell of weights that no output depends on; those that are tied may be needed for the other name they have."""
    told: set[Place] = set()
    for step in idle(program):
        place = step.call.place
        if place is not None and place not in told and not step.tied:
            told.add(place)
            span = Span(declarations.sources()[place.file], place.start, place.end)
            sink.add(UnusedStep(span, step.path, step.unused))


def _doubt_channels_last(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Tell of pictures with few channels in the last dimension that go into layers over channels as they are."""
    main = program.main
    for port in main.inputs:
        type = main.values[port.value]
        if type.rank == 4 and type.shape[3] in FEW and all(size not in FEW for size in type.shape[1:3]):
            call = _first_use(program, main, port.value, _over_channels)
            if call is not None and call.place is not None and isinstance(call.callee, Layer):
                span = Span(declarations.sources()[call.place.file], call.place.start, call.place.end)
                n, height, width, channels = type.shape
                first = f"{type.dtype}[{n}, {channels}, {height}, {width}]"
                sink.add(ChannelsLast(span, call.callee.kind, str(type), first))


def _over_channels(layer: Layer, given: TensorType) -> bool:
    """Whether a layer takes the second dimension for channels."""
    return any(each.dim == 1 for each in layer.inferred)


def _doubt_single_samples(program: Program, declarations: Declarations, sink: Sink) -> None:
    """Tell of pictures without a dimension of samples that go into layers of pictures as they are."""
    main = program.main
    for port in main.inputs:
        type = main.values[port.value]
        call = _first_use(program, main, port.value, _as_a_sample) if type.rank in (2, 3, 4) else None
        if call is not None and call.place is not None and isinstance(call.callee, Layer):
            span = Span(declarations.sources()[call.place.file], call.place.start, call.place.end)
            batch = f"{type.dtype}[{', '.join(map(str, ('N', *type.shape)))}]"
            sink.add(SingleSample(span, call.callee.kind, str(type), batch))


def _as_a_sample(layer: Layer, given: TensorType) -> bool:
    """Whether a layer over channels takes a value for one sample; a sequence may well be alone."""
    return isinstance(layer, Batched) and not _runs_along_time(layer) and layer.single(given)


def _first_use(
    program: Program, module: Module, value: str, wanted: Callable[[Layer, TensorType], bool]
) -> Call | None:
    """The first call of a wanted layer that takes a value as its first input."""
    for call in module.calls:
        if value not in call.inputs:
            continue
        if isinstance(call.callee, Layer):
            if call.inputs[0] == value and wanted(call.callee, module.values[value]):
                return call
        else:
            inner = program.modules[call.callee]
            ports = zip(call.inputs, inner.inputs, strict=False)  # experts take the first input alone
            port = next((port for name, port in ports if name == value), None)
            found = _first_use(program, inner, port.value, wanted) if port is not None else None
            if found is not None:
                return found
    return None


def _runs_along_time(layer: object) -> bool:
    """Whether it is a recurrent layer or an attention; of a batch whose samples come first, they are not time."""
    return hasattr(layer, "batch_first")
