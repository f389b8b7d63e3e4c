"""The table of operators: one row for each operator of ATen, which says it in layers of nnspec; by family."""

from nnspec.importing.from_torch.operators import (
    attention,
    complex,
    elementwise,
    further,
    indexing,
    pooling,
    reduction,
    shape,
    sources,
    weighted,
)
from nnspec.importing.from_torch.operators.row import COMPLEX, ROWS

__all__ = [
    "COMPLEX",
    "ROWS",
    "attention",
    "complex",
    "elementwise",
    "further",
    "indexing",
    "pooling",
    "reduction",
    "shape",
    "sources",
    "weighted",
]
