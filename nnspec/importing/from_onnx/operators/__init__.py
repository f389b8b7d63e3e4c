"""The table of operators: one row for each operator of ONNX, which says it in layers, or why none does; by family."""

from nnspec.importing.from_onnx.operators import (
    attention,
    classical,
    convolution,
    elementwise,
    indexing,
    linear,
    mixture,
    normalization,
    pooling,
    recurrent,
    reduction,
    refused,
    resizing,
    sequences,
    shape,
    sources,
    spectra,
)
from nnspec.importing.from_onnx.operators.row import COMPUTED, REFUSED, ROWS, WRITTEN_OUT

__all__ = [
    "COMPUTED", "REFUSED", "ROWS", "WRITTEN_OUT", "attention", "classical", "convolution", "elementwise", "indexing",
    "linear", "mixture", "normalization", "pooling", "recurrent", "reduction", "refused", "resizing", "sequences",
    "shape", "sources", "spectra",
]  # fmt: skip
