"""PyTorch rows of triangles."""

from __future__ import annotations

from nnspec.layers.families.triangle import Tril, Triu
from nnspec.to_torch.row import Call, row


@row(Tril, Triu)
def _(layer: Tril | Triu, call: Call) -> str:
    return f"{call.inputs[0]}.{layer.function}({layer.diagonal or ''})"
