"""onnxruntime: opening a model quietly, what its inputs take, and the exceptions by which it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as binding

from nnspec.weights.arrays import Array

# They have no common class, and differ between versions.
ERRORS: tuple[type[Exception], ...] = (
    *(kind for kind in vars(binding).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    RuntimeError,
    ValueError,
)

# Element types as onnxruntime writes them.
TENSORS: dict[str, Any] = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(int16)": np.int16, "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_,
}  # fmt: skip
_FOLDER = "session.model_external_initializers_file_folder_path"  # of the arrays of a model that comes as bytes


def open_session(
    model: str | PathLike[str] | bytes,
    provider: str = "CPUExecutionProvider",
    *,
    threads: int | None = None,
    folder: Path | None = None,
    exact: bool = False,
) -> ort.InferenceSession:
    """A session for a model file or a model in memory, whose arrays may be in files in `folder`.

    An `exact` one computes every operator as it stands, and none of those that stand for several with less precision.

    Raises:
        ERRORS: onnxruntime does not accept the model.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what it cannot do is raised; what it warns of are its own choices of kernels
    if threads is not None:
        options.intra_op_num_threads = threads
    if exact:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if folder is not None:
        options.add_session_config_entry(_FOLDER, str(folder))
    source = model if isinstance(model, bytes) else str(model)
    # without the fallback: it prints to the terminal, and tries what nobody asked for
    session = ort.InferenceSession(source, options, providers=[provider], enable_fallback=0)
    _need_texts(session)
    return session


def _need_texts(session: ort.InferenceSession) -> None:
    """Check that what a damaged file calls its inputs and outputs, and says of itself, are texts.

    Raises:
        ValueError: they are not.
    """
    try:
        for port in (*session.get_inputs(), *session.get_outputs()):
            str(port.name), str(port.shape), str(port.type)
        dict(session.get_modelmeta().custom_metadata_map)
    except UnicodeDecodeError:
        raise ValueError("it has names that are no text") from None


def fed(session: ort.InferenceSession, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs of a spec as a model takes them: in its element types, and in order where its names are others."""
    ports = session.get_inputs()
    own = {port.name for port in ports}
    arrays = inputs.values() if len(own) == len(inputs) and own != inputs.keys() else None
    given = dict(zip((port.name for port in ports), arrays, strict=True)) if arrays is not None else inputs
    return {port.name: given[port.name].astype(TENSORS[port.type], copy=False) for port in ports}


def reason(error: Exception) -> str:
    """The first line of what onnxruntime says, without the codes around it."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rpartition(" : ")[2]
