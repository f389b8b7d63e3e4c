"""Exporting a program to ONNX: the model in memory, or a file that has been checked before it is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import onnx

from nnspec.diagnostics import SpecError
from nnspec.dims import symbols
from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.layers.base import TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.output import replacing
from nnspec.record import Record
from nnspec.to_onnx.build import Sources, build_graph
from nnspec.to_onnx.fold import fold
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.mistakes import InvalidModel, TooLargeForMemory
from nnspec.to_onnx.proto import Description, outline, to_proto, with_inputs
from nnspec.to_onnx.versions import choose_opset
from nnspec.to_onnx.write import LARGEST, place_data, weight_bytes, write, write_apart
from nnspec.weights.arrays import Array
from nnspec.weights.load import Weights, initial_weights, load_weights

WeightSource = str | Path | Mapping[str, Array]  # a file, or arrays by key


class Exported(Record):
    """A written file: its size in bytes (with its data file), what it takes and gives, and what was found out."""

    path: str
    bytes: int
    opset: int
    inputs: dict[str, TensorType]
    outputs: dict[str, TensorType]
    difference: float | None  # from PyTorch, relative to the largest magnitude; None where it was not compared
    notes: tuple[str, ...]


def export_model(
    program: Program,
    weights: WeightSource | None = None,
    *,
    opset: int | None = None,
    sources: Sources | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> onnx.ModelProto:
    """The model for inference, in memory; untrained if no weights are given.

    Raises:
        SpecError: it cannot be expressed in ONNX, the weights are not the model's, or it is larger than a protocol
            buffer can be (`export_onnx` writes it to files).
    """
    version = choose_opset(program, opset)
    with flattening(program, limits):
        graph, loaded = _graph(program, weights, version, sources)
    if weight_bytes(graph) > LARGEST:
        raise SpecError.of(TooLargeForMemory(None, program.main.name, weight_bytes(graph)))
    return to_proto(graph, version, _description(program, loaded))


def export_onnx(
    program: Program,
    path: str | Path,
    weights: WeightSource | None = None,
    *,
    opset: int | None = None,
    verify: bool = True,
    sources: Sources | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Exported:
    """Write the model to `path`; weights over 1 GiB go to `path` + ".data".

    The graph is checked by onnx, and the file compared with PyTorch (see verify.py) under another name, and only then
    put in its place.

    Raises:
        SpecError: it cannot be expressed, written or verified, or the weights are not the model's.
    """
    version, target = choose_opset(program, opset), Path(path)
    with ExitStack() as stack:
        stack.enter_context(flattening(program, limits))
        graph, loaded = _graph(program, weights, version, sources)
        notes = [] if weights else [loaded.note]
        file = stack.enter_context(replacing(target))
        data = None
        if weight_bytes(graph) > LARGEST:
            data = stack.enter_context(replacing(target.with_name(target.name + ".data")))
        model = outline(graph, version, _description(program, loaded))
        _check(with_inputs(model, graph))
        _write(model, graph, file, data)
        difference = _verified(program, file, loaded, notes, limits) if verify else None
        if data is not None:
            place_data(model, target.name + ".data")
            file.write_bytes(model.SerializeToString())
        size = sum(each.stat().st_size for each in (file, data) if each is not None)
    return Exported(str(path), size, version, graph.inputs, graph.outputs, difference, tuple(notes))


def _graph(
    program: Program, weights: WeightSource | None, opset: int, sources: Sources | None
) -> tuple[Graph, Weights]:
    loaded = initial_weights(program) if weights is None else load_weights(program, weights)
    graph = build_graph(program, loaded.arrays, opset, sources)
    fold(graph)
    return graph, loaded


def _description(program: Program, loaded: Weights) -> Description:
    metadata = {**loaded.metadata, **_largest(program)}
    return Description(program.main.name, program.main.documentation, metadata)


def _largest(program: Program) -> dict[str, str]:
    """The metadata on the symbols that have a greatest value, as T in `int[N, T <= 1024]`; none where none has."""
    found = {each.text: each.bounds[1] for type in program.main.input_types for size in type.shape
             for each in symbols(size) if each.bounds[1] is not None}  # fmt: skip
    return {"nnspec.largest": json.dumps(found)} if found else {}


def _write(model: onnx.ModelProto, graph: Graph, file: Path, data: Path | None) -> None:
    """Write the file, or the file and its data under the name that this has until both are complete."""
    if data is None:
        with file.open("wb") as stream:
            write(model, graph, stream)
        return
    with data.open("wb") as stream:
        write_apart(model, graph, stream)
    place_data(model, data.name)
    file.write_bytes(model.SerializeToString())


def _check(model: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise SpecError.of(InvalidModel(None, str(error).strip().splitlines()[0])) from None


def _verified(program: Program, file: Path, loaded: Weights, notes: list[str], limits: Limits) -> float | None:
    """The difference from PyTorch, with notes on what was not compared."""
    missing = [
        name for name, package in (("PyTorch", "torch"), ("onnxruntime", "onnxruntime")) if not find_spec(package)
    ]
    if missing:
        notes.append(f"not verified: {' and '.join(missing)} cannot be imported")
        return None
    from nnspec.to_onnx.verify import verify  # here: the export itself needs no torch

    found = verify(program, file, loaded.arrays, limits=limits)
    if found.random:
        notes.append(f"not compared, since random: {', '.join(found.random)}")
    return found.difference
