"""Pictures whose dimensions stand in other places than the layers behind them take them for."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from nnspec.diagnostics import Diagnostic, Sink, Span
from nnspec.elaborate.declarations import Declarations
from nnspec.elaborate.doubts.time import runs_along_time
from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.batched import Batched
from nnspec.layers.tensor_type import TensorType

FEW = (1, 2, 3, 4)  # channels that a picture has, and no side of one


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


def doubt_channels_last(program: Program, declarations: Declarations, sink: Sink) -> None:
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


def doubt_single_samples(program: Program, declarations: Declarations, sink: Sink) -> None:
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
    return isinstance(layer, Batched) and not runs_along_time(layer) and layer.single(given)


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
