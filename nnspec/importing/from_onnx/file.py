"""`opened`: a model file: read with the arrays beside it, checked for its version, its own functions written out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import inliner

from nnspec.diagnostics import SpecError
from nnspec.importing.from_onnx.floats import dequantised, widened
from nnspec.importing.from_onnx.mistakes import POINTER, NoOnnxFile, OtherOpset
from nnspec.importing.from_onnx.mixtures import routed
from nnspec.record import Record

OLDEST = 7  # opset: from there on shapes broadcast as they do today
TOLERANCE = 1e-4  # of an element, relative to the largest magnitude of its output
RECURRENT = frozenset(("GRU", "LSTM", "RNN"))
LFS = b"version https://git-lfs"  # how a pointer of Git LFS begins
DOMAINS = ("", "ai.onnx")


class Opened(Record):
    """A model in floats of 32 bits, where it came from, and the version of its operators."""

    model: onnx.ModelProto
    path: Path
    opset: int
    as_stored: bool = True  # whether the file itself computes in them
    runs: bool = True  # whether onnxruntime may be asked to run the file itself
    notes: tuple[str, ...] = ()  # what its user should know of how it was made
    tolerance: float = TOLERANCE  # of the results of the file itself, relative to their largest magnitude


def opened(path: Path) -> Opened:
    """Read a file.

    Raises:
        SpecError: it is missing, damaged, no ONNX file, or of a version that is not known.
    """
    if not path.is_file():
        raise SpecError.of(NoOnnxFile(None, str(path), "there is no such file"))
    try:
        model = onnx.load(path)
    except (DecodeError, OSError, ValueError, onnx.checker.ValidationError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        with path.open("rb") as stream:
            reason = POINTER if stream.read(len(LFS)) == LFS else reason
        raise SpecError.of(NoOnnxFile(None, str(path), reason)) from None
    return of_model(model, path)


def of_model(model: onnx.ModelProto, path: Path) -> Opened:
    """A model in memory, as it would be read.

    Raises:
        SpecError: it holds no graph, is of a version that is not known, or computes with quantised numbers as no spec
            can.
    """
    if not model.graph.node and not model.graph.output:
        raise SpecError.of(NoOnnxFile(None, str(path), "it holds no graph"))
    model = routed(model)
    versions = {each.domain: each.version for each in model.opset_import}
    opset = max((versions[domain] for domain in DOMAINS if domain in versions), default=1 if not versions else OLDEST)
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST <= opset <= newest:
        raise SpecError.of(OtherOpset(None, str(path), opset, OLDEST, newest))
    if model.functions:
        model = inliner.inline_local_functions(model)
    found, notes, tolerance = model, [], TOLERANCE
    empty = [port.name for port in model.graph.input if any(map(_is_zero, port.type.tensor_type.shape.dim))]
    if empty:
        found = _opened_up(model)
        notes.append(f"{', '.join(empty)} has a size of 0 in the file, which is taken for an open one")
    narrow = widened(found)
    if narrow is not None:
        found, tolerance = narrow, 1e-2
        notes.append("its floats of 16 bits are held in 32")
    whole = dequantised(found, opset, str(path))
    if whole is not None:
        found = whole[0]
        notes += whole[1]
        tolerance = 0.2 if len(whole[1]) > 1 else tolerance
    # onnxruntime ends the process where it opens recurrent layers of 16 bits for the processor
    runs = narrow is None or not any(node.op_type in RECURRENT for node in model.graph.node)
    return Opened(found, path, opset, found is model, runs, tuple(notes), tolerance)


def _is_zero(dim: Any) -> bool:
    return bool(dim.HasField("dim_value") and dim.dim_value == 0)


def _opened_up(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with sizes of 0 as open ones, and without what it says of those in between."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.graph.value_info[:]
    for port in (*made.graph.input, *made.graph.output):
        for dim in filter(_is_zero, port.type.tensor_type.shape.dim):
            dim.Clear()
    return made


def defined(opened: Opened, operators: Collection[str]) -> Opened:
    """The model with some operators as the functions that ONNX defines them by; as it is, where there are none."""
    there = {each.op_type for each in opened.model.graph.node if each.domain in DOMAINS}
    wanted = [("", name) for name in sorted(there.intersection(operators))]
    if not wanted:
        return opened
    typed = onnx.shape_inference.infer_shapes(opened.model)  # some definitions depend on types
    try:
        return opened.replace(model=inliner.inline_selected_functions(typed, wanted, inline_schema_functions=True))
    except RuntimeError:  # of onnx: an input that the definition asks for is left out
        return opened


def has_definition(operator: str) -> bool:
    """Whether ONNX defines an operator by others."""
    if not onnx.defs.has(operator):
        return False
    schema: Any = onnx.defs.get_schema(operator)
    return bool(schema.has_function or schema.has_context_dependent_function)
