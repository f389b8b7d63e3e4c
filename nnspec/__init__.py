"""nnspec: networks as short, checked texts that become summaries, PyTorch and ONNX."""

from typing import TYPE_CHECKING, Any

from nnspec.version import __version__

if TYPE_CHECKING:
    from nnspec.api import Model, evaluate, from_json, from_torch, load, loads, predict, resume
    from nnspec.diagnostics import SpecError
    from nnspec.limits import Limits

__all__ = [
    "Limits",
    "Model",
    "SpecError",
    "__version__",
    "evaluate",
    "from_json",
    "from_torch",
    "load",
    "loads",
    "predict",
    "resume",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the command line is set up before that."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nnspec import api

    return getattr(api, name)


def load_ipython_extension(shell: Any) -> None:
    """Make `%%nnspec` known to a notebook: `%load_ext nnspec`."""
    from nnspec.notebook.cell import register

    register(shell)


def __dir__() -> list[str]:
    return sorted(__all__)
