"""The forms in which weights may be given: the path of a file, or tensors by key. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

# A file of weights (safetensors, an index of several, a PyTorch checkpoint), or a `state_dict` of tensors or arrays.
WeightSource: TypeAlias = "str | Path | Mapping[str, Tensor] | Mapping[str, NDArray[Any]]"
GIVEN = "the given weights"


def shown(source: WeightSource) -> str:
    """What messages call them."""
    return GIVEN if isinstance(source, Mapping) else str(source)
