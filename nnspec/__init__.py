"""nnspec: networks as short, checked texts that become summaries, PyTorch and ONNX."""

from nnspec.api import Model, from_json, load, loads
from nnspec.diagnostics import SpecError
from nnspec.limits import Limits

__version__ = "0.1.0"
__all__ = ["Limits", "Model", "SpecError", "__version__", "from_json", "load", "loads"]
