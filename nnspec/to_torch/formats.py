"""The device, and the types of floats, that tensors which are made from nothing take from those at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def formats(lines: Sequence[str], inputs: Sequence[str], like: Callable[[], str]) -> dict[str, str]:
    """The variables `device`, `dtype` and `wide`, as far as lines use them, with their expressions.

    `like` is a tensor in the number format of the model.
    """
    text = "\n".join(lines)
    device, dtype, wide = (re.search(rf"(?<![\w.]){word}(?![\w=])", text) for word in ("device", "dtype", "wide"))
    tensor = like() if dtype or wide or (device and not inputs) else ""
    found: dict[str, str] = {}
    if device:
        found["device"] = f"{inputs[0] if inputs else tensor}.device"
    if dtype:
        found["dtype"] = f"{tensor}.dtype"
    if wide:
        found["wide"] = f"torch.promote_types({'dtype' if dtype else f'{tensor}.dtype'}, torch.float32)"
    return found
