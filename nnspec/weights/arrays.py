"""Arrays, and the element types that the types of a spec have in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = Callable[[str], Array]  # the array of a weight, by its key in the state_dict

ELEMENT_TYPES: dict[str, Any] = {"float": np.float32, "int": np.int64, "bool": np.bool_}
