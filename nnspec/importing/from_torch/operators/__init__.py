"""The table of operators: one row for each operator of ATen, which says it in layers of nnspec; by family."""

from nnspec.importing.from_torch.operators import (
    attention,
    elementwise,
    indexing,
    pooling,
    reduction,
    shape,
    sources,
    weighted,
)
from nnspec.importing.from_torch.operators.row import ROWS

__all__ = ["ROWS", "attention", "elementwise", "indexing", "pooling", "reduction", "shape", "sources", "weighted"]
