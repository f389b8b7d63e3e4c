"""PyTorch rows of the layers that pick elements by indices, place by place, or put them there."""

from __future__ import annotations

from nnspec.layers.families.gathering import Gather, Scatter
from nnspec.to_torch.row import LayerUse, row


@row(Gather)
def _(layer: Gather, use: LayerUse) -> str:
    return f"{use.inputs[0]}.gather({layer.dim}, {use.inputs[1]})"


@row(Scatter)
def _(layer: Scatter, use: LayerUse) -> str:
    name, indices, source = use.inputs
    if use.type_of(2).rank < use.type_of(1).rank:
        source = f"{source}.expand({use.shape(use.type_of(1).shape)})"
    if layer.reduce in (None, "sum"):
        return f"{name}.scatter{'_add' if layer.reduce else ''}({layer.dim}, {indices}, {source})"
    return f"{name}.scatter_reduce({layer.dim}, {indices}, {source}, {layer.reduce!r})"
