"""PyTorch rows of triangles."""

from __future__ import annotations

from nnspec.layers.families.triangle import Tril, Triu
from nnspec.to_torch.row import LayerUse, row


@row(Tril, Triu)
def _(layer: Tril | Triu, use: LayerUse) -> str:
    return f"{use.inputs[0]}.{layer.function}({layer.diagonal or ''})"
