"""The forms in which weights may be given: the path of a file, or tensors by key. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from nnspec.arguments import typed
from nnspec.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

# A file of weights (safetensors, an index of several, a PyTorch checkpoint), the folder of a run, or a `state_dict` of
# tensors or arrays.
GivenSource: TypeAlias = "str | PathLike[str] | Mapping[str, Tensor] | Mapping[str, NDArray[Any]]"
WeightSource: TypeAlias = "GivenSource | WeightChoice"
GIVEN = "the given weights"


@typed
class WeightChoice(Record):
    """Weights, and how they are taken.

    Args:
        source: a file, the folder of a run, or a `state_dict`.
        partial: keys that the model does not have, such as those of another head, are passed over, which is said; every
            key of the model must be there all the same.
        tokenizer: a `tokenizer.json`, or the folder in which it lies.
    """

    source: GivenSource
    partial: bool = False
    tokenizer: str | PathLike[str] | None = None


def given(source: WeightSource) -> GivenSource:
    """The weights, however they are taken."""
    return source.source if isinstance(source, WeightChoice) else source


def file_of(source: WeightSource | None) -> Path | None:
    """The file that they are in; None for those in memory."""
    found = None if source is None else given(source)
    return Path(found) if isinstance(found, (str, PathLike)) else None


def shown(source: WeightSource) -> str:
    """What messages call them."""
    return str(file_of(source) or GIVEN)
