"""The table of operators: one row for each operator of ONNX, which says it in layers, or why none does; by family."""

from nnspec.importing.from_onnx.operators import (
    attention,
    convolution,
    elementwise,
    indexing,
    linear,
    normalization,
    pooling,
    recurrent,
    reduction,
    refused,
    resizing,
    sequences,
    shape,
    sources,
)
from nnspec.importing.from_onnx.operators.row import REFUSED, ROWS, WRITTEN_OUT

__all__ = [
    "REFUSED", "ROWS", "WRITTEN_OUT", "attention", "convolution", "elementwise", "indexing", "linear",
    "normalization", "pooling", "recurrent", "reduction", "refused", "resizing", "sequences", "shape", "sources",
]  # fmt: skip
