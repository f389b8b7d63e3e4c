"""onnxruntime: opening a model quietly, and the exceptions by which it refuses."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as binding

# They have no common class, and differ between versions.
ERRORS: tuple[type[Exception], ...] = (
    *(kind for kind in vars(binding).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    RuntimeError,
    ValueError,
)


def open_session(model: str | Path | bytes, provider: str = "CPUExecutionProvider") -> ort.InferenceSession:
    """A session for a model file or a model in memory.

    Raises:
        ERRORS: onnxruntime does not accept the model.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what it cannot do is raised; what it warns of are its own choices of kernels
    source = model if isinstance(model, bytes) else str(model)
    return ort.InferenceSession(source, options, providers=[provider])


def reason(error: Exception) -> str:
    """The first line of what onnxruntime says, without the codes around it."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].split(" : ", 2)[-1]
