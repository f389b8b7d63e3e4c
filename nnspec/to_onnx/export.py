"""Exporting a program to ONNX: the model in memory, or a file that has been checked before it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from os import PathLike
from pathlib import Path

import onnx

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.ir.room import need_memory
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.output import CannotWrite, destination, is_special, replacing
from nnspec.record import Record
from nnspec.to_onnx.assess import difference, speed
from nnspec.to_onnx.build import Sources
from nnspec.to_onnx.choices import DEFAULT_CHOICES, Choices
from nnspec.to_onnx.graph import Graph
from nnspec.to_onnx.lower import Lowered, lower
from nnspec.to_onnx.mistakes import (
    BadOpset,
    FunctionsNotQuantised,
    InvalidModel,
    NoSamples,
    TooLargeForMemory,
    TooLargeToQuantise,
)
from nnspec.to_onnx.proto import outline, to_proto, with_inputs
from nnspec.to_onnx.versions import DEFAULT_OPSET, OLDEST, choose_opset
from nnspec.to_onnx.write import LARGEST, place_data, weight_bytes, write, write_apart
from nnspec.weights.arrays import Array
from nnspec.weights.source import WeightSource

# For the types of the inputs, and whether the model normalises them.
Samples = Callable[[Mapping[str, TensorType], bool], Mapping[str, Array]]


class Exported(Record):
    """A written file: its size in bytes (with its data file), what it takes and gives, and what was found out."""

    path: str
    bytes: int
    opset: int
    inputs: dict[str, TensorType]
    outputs: dict[str, TensorType]
    difference: float | None  # from PyTorch, relative to the largest magnitude; None where it was not compared
    notes: tuple[str, ...]
    precision: str = "float32"
    remarks: tuple[str, ...] = ()  # where the comparison met what is no number

    def __repr__(self) -> str:
        ports = (", ".join(f"{name} {type}" for name, type in each.items()) for each in (self.inputs, self.outputs))
        return f"<Exported {self.path}: {' -> '.join(ports)}, opset {self.opset}, {self.bytes:,} bytes>"


def export_model(
    program: Program,
    weights: WeightSource | None = None,
    *,
    choices: Choices = DEFAULT_CHOICES,
    sources: Sources | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> onnx.ModelProto:
    """The model for inference, in memory; untrained if no weights are given.

    Raises:
        SpecError: it cannot be expressed in ONNX, the weights are not the model's, or it is larger than a protocol
            buffer can be (`export_onnx` writes it to files).
    """
    _check_opset(program, choices)
    if weights is None:
        need_memory(program, limits)
    with flattening(program, limits):
        lowered = lower(program, weights, choices, sources)
    if weight_bytes(lowered.graph) > LARGEST:
        raise SpecError.of(TooLargeForMemory(None, program.main.name, weight_bytes(lowered.graph)))
    return to_proto(lowered.graph, lowered.opset, lowered.description)


def export_onnx(
    program: Program,
    path: str | PathLike[str],
    weights: WeightSource | None = None,
    *,
    choices: Choices = DEFAULT_CHOICES,
    samples: Samples | None = None,
    verify: bool = True,
    sources: Sources | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Exported:
    """Write the model to `path`; weights over 1 GiB go to `path` + ".data".

    The graph is checked by onnx, and the file compared with PyTorch (see verify.py) under another name, and only then
    put in its place.

    Args:
        program: the model.
        path: where it goes.
        weights: a file, or arrays by key; untrained ones for None.
        choices: its opset, precision, target and form.
        samples: gives what static int8 takes the ranges of values from.
        verify: whether to compare it with PyTorch, and int8 with the speed of float32.
        sources: the texts of the spec by name.
        limits: how many layers the graph may have.

    Raises:
        SpecError: it cannot be expressed, written or verified, or the weights or samples are not the model's.
    """
    target = destination(path)  # a data file lies beside the file itself, not beside a link to it
    _check_opset(program, choices)
    if weights is None or verify:
        need_memory(program, limits)
    if choices.functions and choices.precision == "int8-static":
        raise SpecError.of(FunctionsNotQuantised(None))
    with ExitStack() as stack:
        stack.enter_context(flattening(program, limits))
        lowered = lower(program, weights, choices, sources, thorough=verify)
        file, data = stack.enter_context(replacing(target)), None
        if weight_bytes(lowered.graph) > LARGEST:
            if is_special(target):
                raise SpecError.of(CannotWrite(None, str(path), "its weights need a file beside it", "name a file"))
            data = stack.enter_context(replacing(target.with_name(target.name + ".data")))
        model = outline(lowered.graph, lowered.opset, lowered.description)
        _check(with_inputs(model, lowered.graph))
        _write(model, lowered.graph, file, data)
        notes = list(lowered.notes)
        remarks: list[str] = []
        found = difference(file, lowered, choices, limits, notes, remarks) if verify else None
        if choices.precision == "int8-static":
            found = _quantise(lowered, file, data, samples)
        if verify and choices.precision.startswith("int8") and data is None:
            notes += filter(None, [speed(file, lowered, choices)])
        if data is not None:
            place_data(model, target.name + ".data")
            file.write_bytes(model.SerializeToString())
        size = sum(each.stat().st_size for each in (file, data) if each is not None)
    graph = lowered.graph
    return Exported(
        str(path),
        size,
        lowered.opset,
        graph.inputs,
        graph.outputs,
        found,
        tuple(notes),
        choices.precision,
        tuple(remarks),
    )


def _check_opset(program: Program, choices: Choices) -> None:
    """Check that the installed onnxruntime, if there is one, reads an opset beyond the usual."""
    opset = choose_opset(program, choices)
    if opset <= DEFAULT_OPSET or not find_spec("onnxruntime"):
        return
    from nnspec.to_onnx.accepted import newest_accepted  # here: the export itself needs no onnxruntime

    newest = newest_accepted(opset)
    if newest < opset:
        raise SpecError.of(BadOpset(None, opset, OLDEST, newest, DEFAULT_OPSET))


def _quantise(lowered: Lowered, file: Path, data: Path | None, samples: Samples | None) -> float:
    """Make a written float32 model static int8; the difference that it makes."""
    if data is not None:
        raise SpecError.of(TooLargeToQuantise(None, weight_bytes(lowered.graph), LARGEST))
    if samples is None:
        raise SpecError.of(NoSamples(None))
    from nnspec.to_onnx.calibrate import quantise_with  # here: onnxruntime's quantiser takes a second to import

    return quantise_with(file, samples(lowered.graph.inputs, lowered.normalizes), lowered.graph.inputs)


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
