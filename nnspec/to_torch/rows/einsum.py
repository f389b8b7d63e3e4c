"""The PyTorch row of einsum."""

from __future__ import annotations

from nnspec.layers.families.einsum import Einsum
from nnspec.to_torch.row import LayerUse, row


@row(Einsum)
def _(layer: Einsum, use: LayerUse) -> str:
    given = [str(name) for name in use.inputs]
    if use.dtype == "wide":  # autocast would round to 16 bits what is not in 64
        return f"torch.einsum({layer.equation!r}, {', '.join(f'{name}.double()' for name in given)}).to(wide)"
    return f"torch.einsum({layer.equation!r}, {', '.join(given)})"
