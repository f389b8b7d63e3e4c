"""Files of numbers of 4, 8 or 16 bits as such that compute in floats of 32 bits."""

from nnspec.importing.from_onnx.floats.halves import widened
from nnspec.importing.from_onnx.floats.quantised import dequantised
from nnspec.importing.from_onnx.floats.rewriter import QUANTISED

__all__ = ["QUANTISED", "dequantised", "widened"]
