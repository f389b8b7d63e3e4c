"""The names that a person binds values to: `query = _ -> Linear(64)`."""

from __future__ import annotations

import re

from nnspec.ir.program import Call
from nnspec.layers.base import Layer


def bound_name(call: Call, value: str) -> str | None:
    """The name that a spec binds a result of a call to; None where only its step has one, or nothing.

    Of several values that one name is bound to in turn, each has it, without the number that tells them apart.
    """
    stem = re.sub(r"_\d+$", "", value)
    step = call.label or (call.callee.kind.lower() if isinstance(call.callee, Layer) else call.callee)
    ours = any(name == step or name.startswith(f"{step}.") for name in (stem, value))
    return None if ours or not stem.isidentifier() else stem
