"""Calls of layers and modules, added to the scope of a frame; each gives its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnspec.diagnostics import Label
from nnspec.dims import Expression, Size, bounds
from nnspec.elaborate.builder.call import PendingCall, Result
from nnspec.elaborate.builder.layer import Configuration, layer_error, texts_of
from nnspec.elaborate.builder.scope import Made
from nnspec.elaborate.builder.tensor import Tensor, Value, types_of
from nnspec.elaborate.frame import Frame, Placed
from nnspec.elaborate.mistakes import AlreadyDeclared, LayerInput, TooMuch, TrainingOnly
from nnspec.elaborate.values import LENGTH, Bound
from nnspec.ir import Scan
from nnspec.layers.base import MEND, Layer
from nnspec.layers.tensor_type import InputError, LayerError, TensorType
from nnspec.raised import guarded

Inputs = Sequence[Tensor | None]


def emit(
    frame: Frame,
    layer: Layer,
    inputs: Inputs,
    node: Placed,
    *,
    path: str | None = None,
    config: Configuration | None = None,
    title: str | None = None,
    shared: bool = False,
    written: Mapping[str, str] | None = None,
) -> Value:
    """Call a layer; one that owns something has a path. Texts of numbers are those of `config` unless `written`."""
    frame.spend(node)
    types = infer(frame, layer, inputs, node, config or {}, title)
    results = [Result(*each) for each in zip(layer.result_names(), types, strict=True)]
    known = texts_of(config or {}) if written is None else written
    return _add(frame, layer, inputs, results, node, path, layer, shared=shared, written=known)


def call_module(
    frame: Frame,
    made: Made,
    inputs: Inputs,
    path: str,
    node: Placed,
    built_from: Bound | None = None,
    *,
    results: Sequence[Result] | None = None,
    shared: bool = False,
    scan: Scan | None = None,
) -> Value:
    """Call a module under a path."""
    frame.spend(node)
    written = built_from.texts if built_from is not None else None
    present = [tensor for tensor in inputs if tensor is not None]  # the module has no input for an absent one
    value = _add(
        frame, made.key, present, results or made.results, node, path, built_from,
        shared=shared, scan=scan, written=written,
    )  # fmt: skip
    if not shared:
        for inner, reference in made.outer_ties:
            frame.scope.tie(f"{path}.{inner}", reference)
    return value


def _add(
    frame: Frame,
    callee: Layer | str,
    inputs: Inputs,
    results: Sequence[Result],
    node: Placed,
    path: str | None,
    built_from: Layer | Bound | None,
    *,
    shared: bool = False,
    scan: Scan | None = None,
    written: Mapping[str, str] | None = None,
) -> Value:
    scope = frame.scope
    local = [None if tensor is None else scope.localise(tensor) for tensor in inputs]
    for tensor in local:
        if tensor is not None and tensor.training and not frame.training:
            frame.fail(TrainingOnly(frame.span(node), tensor.name))
    taken = None if path is None or shared else scope.clash(path)
    if path is not None and taken is not None:
        frame.fail(AlreadyDeclared(frame.span(node), path, taken.span, True))
    wires = tuple([None if tensor is None else tensor.wire for tensor in local])
    call = PendingCall(callee, path, wires, [], frame.place(node), shared=shared, training=frame.training, scan=scan)
    call.written = dict(written or {})
    hint = path or (callee.kind.lower() if isinstance(callee, Layer) else callee)
    return scope.add(call, results, hint, frame.span(node), built_from)


def infer(
    frame: Frame, layer: Layer, inputs: Inputs, node: Placed, config: Configuration, title: str | None
) -> tuple[TensorType, ...]:
    """The result types of a layer; what it cannot take becomes a diagnostic."""
    types = types_of(inputs)
    try:
        results = layer.results(*types)
        guarded(layer.weights, lambda line: LayerError(f"its `weights` fails: {line}", MEND))(*types)
    except InputError as problem:
        tensor = inputs[problem.index] if problem.index < len(inputs) else None
        incoming = None
        if tensor is not None and tensor.place is not None and tensor.place != frame.span(node):
            incoming = Label(tensor.place, f"this is {tensor.type}")
        name = title or layer.kind
        frame.fail(LayerInput(frame.span(node), name, problem.message, problem.help, incoming, layer.kind))
    except LayerError as problem:
        layer_error(frame, problem, type(layer), config, node, title)
    for result in results:
        check_shape(frame, result.shape, node)
    return results


def check_shape(frame: Frame, shape: tuple[Size, ...], node: Placed) -> None:
    """Check the dimensions of a tensor against the limits."""
    limits = frame.shared.limits
    if len(shape) > limits.rank:
        frame.fail(TooMuch(frame.span(node), f"a tensor of {len(shape):,} dimensions", "rank", limits.rank))
    for size in shape:
        if isinstance(size, Expression) and len(str(size)) > LENGTH:
            frame.exceed(node, "the length of the expression for a dimension", "calls")
        if (size if isinstance(size, int) else bounds(size)[0]) > limits.size:
            frame.fail(TooMuch(frame.span(node), f"the dimension {size}", "size", limits.size))
