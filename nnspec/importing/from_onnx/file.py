"""`opened`: a model file: read with the arrays beside it, checked for its version, its own functions written out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import inliner

from nnspec.diagnostics import SpecError
from nnspec.importing.from_onnx.mistakes import NoOnnxFile, OtherOpset
from nnspec.record import Record

OLDEST = 7  # opset: from there on shapes broadcast as they do today
DOMAINS = ("", "ai.onnx")


class Opened(Record):
    """A model, where it came from, and the version of its operators."""

    model: onnx.ModelProto
    path: Path
    opset: int


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
        raise SpecError.of(NoOnnxFile(None, str(path), reason)) from None
    return of_model(model, path)


def of_model(model: onnx.ModelProto, path: Path) -> Opened:
    """A model in memory, as it would be read.

    Raises:
        SpecError: it holds no graph, or is of a version that is not known.
    """
    if not model.graph.node and not model.graph.output:
        raise SpecError.of(NoOnnxFile(None, str(path), "it holds no graph"))
    versions = {each.domain: each.version for each in model.opset_import}
    opset = max((versions[domain] for domain in DOMAINS if domain in versions), default=1 if not versions else OLDEST)
    newest = onnx.defs.onnx_opset_version()
    if not OLDEST <= opset <= newest:
        raise SpecError.of(OtherOpset(None, str(path), opset, OLDEST, newest))
    if model.functions:
        model = inliner.inline_local_functions(model)
    return Opened(model, path, opset)


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
