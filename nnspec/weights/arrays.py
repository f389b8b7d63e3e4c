"""Arrays, those stored in files, and the element types that the types of a spec have in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnspec.record import Record

Array = NDArray[Any]
Arrays = Callable[[str], Array]  # the array of a weight, by its key in the state_dict

ELEMENT_TYPES: dict[str, Any] = {"float": np.float32, "int": np.int64, "bool": np.bool_}


class Stored(Record):
    """A tensor in a file: its shape, its element type as safetensors calls it (F32, BF16, I64), how to read it."""

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array]
