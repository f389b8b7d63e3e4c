"""The providers of onnxruntime by short names. One that is asked for is used, or refused with a reason.

onnxruntime itself goes on with the processor in silence where a provider cannot be loaded; so it is asked before what
it was built with, and afterwards what a session really has.
"""

from __future__ import annotations

from os import PathLike

import onnxruntime as ort

from nnspec.diagnostics import SpecError
from nnspec.infer.mistakes import NoProvider, UnreadableModel
from nnspec.to_onnx.runtime import ERRORS, open_session, reason

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}
DEVICES = {"cpu": "cpu", "cuda": "cuda", "tensorrt": "cuda"}  # where the tensors of each are
AUTO = ("cuda", "cpu")  # TensorRT compiles every model for minutes: it is taken only where it is asked for
CHOICES = (*PROVIDERS, "auto")
_LIBRARIES = {
    "cuda": ("its CUDA and cuDNN libraries may be missing", "install the libraries that onnxruntime-gpu names"),
    "tensorrt": ("the libraries of TensorRT may be missing", "install them: pip install tensorrt"),
}


def open_on(
    model: str | PathLike[str] | bytes, provider: str, threads: int | None = None
) -> tuple[ort.InferenceSession, str]:
    """A session, and the provider that it has: the one asked for, or for "auto" the best that works.

    Raises:
        SpecError: the provider cannot be used, or the model cannot be opened.
    """
    if provider != "auto":
        return _open(model, provider, threads), provider
    *better, last = (name for name in AUTO if PROVIDERS[name] in ort.get_available_providers())
    for name in better:
        try:
            return _open(model, name, threads), name
        except SpecError as error:
            if not isinstance(error.diagnostics[0], NoProvider):
                raise
    return _open(model, last, threads), last


def _open(model: str | PathLike[str] | bytes, provider: str, threads: int | None) -> ort.InferenceSession:
    check_provider(provider)
    try:
        session = open_session(model, PROVIDERS[provider], threads=threads)
    except ERRORS as error:
        path = "in memory" if isinstance(model, bytes) else str(model)
        raise SpecError.of(UnreadableModel(None, path, reason(error))) from None
    if PROVIDERS[provider] not in session.get_providers():
        why, advice = _LIBRARIES[provider]
        raise SpecError.of(NoProvider(None, provider, f"onnxruntime could not load it; {why}", advice))
    return session


def check_provider(provider: str) -> None:
    """Check that the onnxruntime that is installed was built with a provider.

    Raises:
        SpecError: it was not, or there is none of this name.
    """
    if provider not in PROVIDERS:
        raise SpecError.of(NoProvider(None, provider, "nnspec does not know it", f"choose one of {', '.join(CHOICES)}"))
    if PROVIDERS[provider] not in ort.get_available_providers():
        why = "the onnxruntime that is installed was built without it"
        advice = 'install onnxruntime-gpu in place of onnxruntime: pip install "nnspec[gpu]"'
        raise SpecError.of(NoProvider(None, provider, why, advice))
